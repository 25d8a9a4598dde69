// SPDX-License-Identifier: Apache-2.0
#include "connectors/builtin.h"
#include "connectors/schedule/next_slots.h"
#include "connectors/schedule/options.h"
#include "engine/config/load.h"
#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>

namespace pelton::schedule {
namespace {

using ::testing::HasSubstr;

class ScheduleOptions : public testing::Test {
 protected:
  config::Loaded load(const std::string& options) {
    test::write_file(file_,
                     "version: 1\nstreams: { jobs: { retention: { time: 1d } } }\nconnectors:\n"
                     "  nightly:\n    schedule: " +
                         options + "\n    to: jobs\n");
    config::Kinds kinds;
    for (const connector::ConnectorSpec& spec : builtin_connectors())
      kinds.connectors.push_back(spec.options);
    const config::Environment environment = [](const std::string& name) {
      return name == "TOKEN" ? std::optional<std::string>("s3cret-token") : std::nullopt;
    };
    return config::load({file_}, kinds, environment);
  }
  SourceOptions good(const std::string& options) {
    const auto loaded = load(options);
    EXPECT_TRUE(loaded.config) << options << problem(loaded);
    if (!loaded.config) return {};
    return std::any_cast<SourceOptions>(loaded.config->connectors.front().settings);
  }
  static std::string problem(const config::Loaded& loaded) {
    return loaded.problems.empty() ? "" : loaded.problems.front().text();
  }
  std::string wrong(const std::string& options) {
    const auto loaded = load(options);
    EXPECT_FALSE(loaded.config) << options;
    EXPECT_EQ(loaded.problems.size(), 1U) << options;
    return problem(loaded);
  }

  test::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "pelton.yaml";
};

TEST_F(ScheduleOptions, TheSimpleCaseIsShort) {
  const SourceOptions options = good(R"({ cron: "0 3 * * *", timezone: Europe/Berlin })");
  EXPECT_EQ(options.expression(), "cron 0 3 * * *");
  EXPECT_EQ(options.timezone.name(), "Europe/Berlin");
  EXPECT_EQ(options.missed, Missed::one);
  EXPECT_EQ(good("{ every: 5m }").expression(), "every 5m");
  EXPECT_EQ(good("{ aws: rate(5 minutes) }").expression(), "rate(5 minutes)");
  EXPECT_EQ(good("{ aws: \"cron(0 12 * * ? *)\" }").expression(), "cron(0 12 * * ? *)");
}

TEST_F(ScheduleOptions, DataIsYamlOrJson) {
  EXPECT_EQ(good("{ every: 1m, data: { a: 1, b: [true, null, x, \"2\", 1.5] } }").data,
            R"({"a":1,"b":[true,null,"x","2",1.5E0]})");
  EXPECT_EQ(good(R"({ every: 1m, data: '{"a": 1}' })").data, R"({"a":1})");
  EXPECT_EQ(good("{ every: 1m, data: plain }").data, R"("plain")");
  EXPECT_EQ(good("{ every: 1m, data: 5 }").data, "5");
  EXPECT_EQ(good("{ every: 1m, data: { t: \"${env:TOKEN}\" } }").data, R"({"t":"s3cret-token"})");
  EXPECT_THAT(wrong("{ every: 1m, data: { t: \"${env:NONE}\" } }"), HasSubstr("NONE"));
}

TEST_F(ScheduleOptions, NumbersThatJsonCannotHaveAreNoData) {
  for (const char* number : {"1e999", "-1e999", ".nan", "-.inf", "99999999999999999999"}) {
    EXPECT_THAT(wrong(fmt::format("{{ every: 1m, data: {{ b: {} }} }}", number)),
                HasSubstr(fmt::format("E1009 data: JSON has no such number as {}", number)));
    EXPECT_EQ(good(fmt::format("{{ every: 1m, data: [\"{}\"] }}", number)).data,
              fmt::format(R"(["{}"])", number));
  }
  EXPECT_EQ(good("{ every: 1m, data: [18446744073709551615, -9223372036854775808] }").data,
            "[18446744073709551615,-9223372036854775808]");
}

TEST_F(ScheduleOptions, MistakesHaveAPlace) {
  EXPECT_THAT(wrong(R"({ cron: "0 25 * * *" })"),
              HasSubstr(":5:23: E7040 cron: \"0 25 * * *\" has hour \"25\": 0 to 23"));
  EXPECT_THAT(wrong(R"({ cron: "30 2 31 2 *" })"), HasSubstr(":5:23: E7043"));
  EXPECT_THAT(wrong("{ cron: \"* * * * *\", timezone: Europe/Berln }"), HasSubstr("E7042"));
  EXPECT_THAT(wrong("{ missed: all }"), HasSubstr("E7041"));
  EXPECT_THAT(wrong("{ every: 5m, aws: rate(5 minutes) }"), HasSubstr("more than one expression"));
  EXPECT_THAT(wrong("{ every: 1500ms }"), HasSubstr("whole seconds"));
  EXPECT_THAT(wrong("{ every: 100ms }"), HasSubstr("E1009"));
  EXPECT_THAT(wrong("{ every: 5m, jitter: 1500ms }"), HasSubstr("whole seconds"));
  EXPECT_THAT(wrong("{ every: 5m, start: tomorrow }"), HasSubstr("is not a time"));
  EXPECT_THAT(wrong("{ every: 5m, missed: some }"), HasSubstr("skip, one, all"));
}

TEST_F(ScheduleOptions, TheNextSlotsAreThoseAfterNow) {
  const auto loaded = load(R"({ cron: "0 3 * * *", timezone: Europe/Berlin })");
  const Slot now{std::chrono::seconds{1'795'860'000}};  // 2026-11-28T10:00:00Z
  const auto& connectors = loaded.config->connectors;
  EXPECT_EQ(to_json(*next_slots(connectors, "nightly", now, 1)),
            R"({"schedules":[{"name":"nightly","stream":"jobs","expression":"cron 0 3 * * *",)"
            R"("timezone":"Europe/Berlin","slots":[{"time":"2026-11-29T02:00:00Z",)"
            R"("local_time":"2026-11-29T03:00:00+01:00","due":"2026-11-29T02:00:00Z"}]}]})");
  EXPECT_EQ(next_slots(connectors, "", now, 7)->front().slots.size(), 7U);
  EXPECT_THAT(next_slots(connectors, "nigthly", now, 1).error().message,
              HasSubstr("did you mean \"nightly\"?"));
  EXPECT_EQ(next_slots({}, "", now, 1).error().code, "E5001");
}

TEST_F(ScheduleOptions, AScheduleThatIsOverIsAWarning) {
  const auto loaded = load("{ aws: \"cron(0 12 * * ? 2020)\" }");
  EXPECT_TRUE(loaded.config);
  EXPECT_THAT(problem(loaded), HasSubstr("E7044"));
}

}  // namespace
}  // namespace pelton::schedule
