// SPDX-License-Identifier: Apache-2.0
#include "engine/config/plan.h"

#include "engine/config/plan_json.h"
#include "tests/unit/config/fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace pelton::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PlanTest : public ConfigTest {
 protected:
  PlanTest() { variables_["OF_A"] = "a"; }

  Plan plan(const std::string& before, const std::string& after) const {
    return config::plan(good(before), good(after), kinds_);
  }
  // The plan from the whole config to it with these texts replaced.
  Plan edited(std::initializer_list<std::pair<std::string, std::string>> edits) const {
    return plan(whole_config(), edit(whole_config(), edits));
  }
  static std::string edit(std::string text,
                          std::initializer_list<std::pair<std::string, std::string>> edits) {
    for (const auto& [from, to] : edits) {
      const auto at = text.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      if (at != std::string::npos) text.replace(at, from.size(), to);
    }
    return text;
  }
};

// "~ binding b: retry.attempts 7 -> 9", "+ stream x", "! binding b: function f changes".
std::vector<std::string> lines(const Plan& plan) {
  std::vector<std::string> all;
  for (const PartChange& change : plan.changes) {
    const char* const sign = change.action == Action::add      ? "+"
                             : change.action == Action::remove ? "-"
                             : change.action == Action::change ? "~"
                                                               : "!";
    std::string line = fmt::format("{} {}{}", sign, to_string(change.kind),
                                   change.name.empty() ? "" : " " + change.name);
    std::vector<std::string> what = change.because;
    if (change.action == Action::change)
      for (const OptionChange& option : change.options)
        what.push_back(fmt::format("{} {} -> {}", option.option, option.before.value_or("unset"),
                                   option.after.value_or("unset")));
    all.push_back(what.empty() ? line : fmt::format("{}: {}", line, fmt::join(what, ", ")));
  }
  return all;
}

std::vector<std::string> refused(const Plan& plan) {
  std::vector<std::string> all;
  for (const Refusal& refusal : plan.refusals)
    all.push_back(fmt::format("{} {}", refusal.code, refusal.message));
  return all;
}

TEST_F(PlanTest, TheSameConfigIsNoChange) {
  EXPECT_TRUE(edited({}).empty());
}

TEST_F(PlanTest, CommentsOrderAndOtherWordsForAValueAreNoChange) {
  const Plan same = edited({{"version: 1", "# a comment\nversion: 1\nx-notes: [a]"},
                            {"timeout: 1.5s", "timeout: 1500ms"},
                            {"{ min: 1, max: 3, idle: 5s }", "{ idle: 5000ms, max: 3, min: 1 }"},
                            {"type: [x, y]", "type: [\"y\", x]"},
                            {"retention: { time: 7d", "retention: { time: 168h"},
                            {"retry: { attempts: 9 }", "retry: 9"},
                            {"http: { listen: \"127.0.0.1:0\" }", "http: \"127.0.0.1:0\""},
                            {"out: {}", "out: { partitions: 1 }"}});
  EXPECT_THAT(lines(same), IsEmpty());
}

TEST_F(PlanTest, ABindingThatChangesNamesItsOptionsAndTouchesNothingElse) {
  EXPECT_THAT(lines(edited({{"retry: { attempts: 7", "retry: { attempts: 9"},
                            {"order: partition", "order: key"}})),
              ElementsAre("~ binding b: order partition -> key, retry.attempts 7 -> 9"));
}

TEST_F(PlanTest, AnOptionThatIsSetOrUnsetHasOneText) {
  EXPECT_THAT(lines(edited({{"    to: out\n", ""}, {", max_age: 6h", ""}})),
              ElementsAre("~ binding b: to out -> unset, retry.max_age 6h -> unset"));
}

TEST_F(PlanTest, FiltersAreComparedByField) {
  EXPECT_THAT(
      lines(edited({{"data.n: { above: 3, at_most: 9 }", "data.n: { above: 4, at_most: 9 }"},
                    {"key: { prefix: k }", "subject: { glob: \"a*\" }"}})),
      ElementsAre("~ binding b: filter.data.n {above: 3, at_most: 9} -> {above: 4, at_most: 9}, "
                  "filter.key {prefix: \"k\"} -> unset, "
                  "filter.subject unset -> {glob: \"a*\"}"));
}

TEST_F(PlanTest, ASectionThatComesIsAnOptionOfItsOwn) {
  const std::string topic = R"(version: 1
streams: { t: { kafka: { brokers: ["b:9092"], topic: t } } }
functions: { f: { runtime: cpp, code: /bin/true } }
bindings: { b: { from: t, function: f } }
)";
  EXPECT_THAT(lines(plan(topic, edit(topic, {{"topic: t }", "topic: t, tls: {} }"}}))),
              ElementsAre("~ stream t: kafka.tls unset -> {}", "! binding b: stream t changes"));
}

TEST_F(PlanTest, AFunctionThatChangesRestartsItsBindings) {
  EXPECT_THAT(lines(edited({{"timeout: 1.5s", "timeout: 2s"}})),
              ElementsAre("~ function f: timeout 1500ms -> 2s", "! binding b: function f changes"));
}

TEST_F(PlanTest, RetentionTouchesNoBinding) {
  EXPECT_THAT(lines(edited({{"time: 7d", "time: 8d"}})),
              ElementsAre("~ stream in: retention.time 7d -> 8d"));
}

TEST_F(PlanTest, MorePartitionsRestartReadersAndWriters) {
  EXPECT_THAT(lines(edited({{"partitions: 4", "partitions: 8"}})),
              ElementsAre("~ stream in: partitions 4 -> 8", "! connector inbox: stream in changes",
                          "! binding b: stream in changes"));
  EXPECT_THAT(
      lines(edited({{"out: {}", "out: { partitions: 2 }"}})),
      ElementsAre("~ stream out: partitions 1 -> 2", "! connector outbox: stream out changes",
                  "! binding b: stream out changes"));
}

TEST_F(PlanTest, FewerPartitionsAreRefused) {
  EXPECT_THAT(refused(edited({{"partitions: 4", "partitions: 2"}})),
              ElementsAre("E4103 stream in has 4 partitions, which cannot be reduced to 2"));
}

TEST_F(PlanTest, ConnectorsCompareTheOptionsOfTheirType) {
  EXPECT_THAT(lines(edited({{"match: [\"*.jpg\"]", "match: [\"*.jpg\", \"*.png\"]"}})),
              ElementsAre("~ connector inbox: files.match *.jpg -> *.jpg, *.png"));
  EXPECT_THAT(lines(edited({{"order: none, retry", "order: key, retry"}})),
              ElementsAre("~ connector outbox: order none -> key"));
}

TEST_F(PlanTest, AConnectorOfAnotherTypeHasOtherOptions) {
  const auto changes = lines(
      edited({{"inbox: { files: { path: ./inbox, match: [\"*.jpg\"] }", "inbox: { feed: {}"}}));
  EXPECT_THAT(changes, ElementsAre(fmt::format("~ connector inbox: type files -> feed, files.path "
                                               "{}/inbox -> unset, files.match *.jpg -> unset",
                                               folder_.string())));
}

TEST_F(PlanTest, PartsAreAddedAndRemoved) {
  const Plan plan =
      edited({{"  outbox: {", "  other: {"},
              {"bindings:\n  b:", "  g: { runtime: cpp, code: /bin/true }\nbindings:\n  c:"},
              {"out: {}", "out: {}\n  more: { partitions: 3 }"},
              {"    function: f", "    function: g"},
              {"    to: out", "    to: more"}});
  EXPECT_THAT(lines(plan), ElementsAre("+ stream more", "+ connector other", "- connector outbox",
                                       "+ function g", "+ binding c", "- binding b"));
  EXPECT_THAT(plan.find(PartKind::stream, "more")->options,
              ElementsAre(OptionChange{"partitions", std::nullopt, "3"}));
}

TEST_F(PlanTest, AnAddedBindingShowsOnlyWhatIsNotADefault) {
  const Plan plan = edited({{"bindings:\n", "bindings:\n  c: { from: in, function: f }\n"}});
  EXPECT_THAT(plan.find(PartKind::binding, "c")->options,
              ElementsAre(OptionChange{"from", std::nullopt, "in"},
                          OptionChange{"function", std::nullopt, "f"}));
}

TEST_F(PlanTest, TheEnginesLogIsLiveAndItsFolderIsNot) {
  EXPECT_THAT(refused(edited({{"level: warn", "level: info"}})), IsEmpty());
  EXPECT_THAT(refused(edited({{"data: ./state", "data: ./elsewhere"}})),
              ElementsAre("E5012 engine.data cannot change while the engine runs: restart it"));
  EXPECT_THAT(refused(edited({{"listen: \"127.0.0.1:0\"", "listen: \"[::1]:99\""}})),
              ElementsAre(HasSubstr("E5012 engine.http.listen")));
}

TEST_F(PlanTest, TopicsChangeLikeOtherStreamsButDoNotBecomeThem) {
  const std::string stream = R"(version: 1
streams: { s: {}, t: {} }
functions: { f: { runtime: cpp, code: /bin/true } }
bindings:
  other: { from: s, function: f }
  b: { from: t, function: f }
)";
  const std::string topic =
      edit(stream, {{"t: {}", "t: { kafka: { brokers: [\"b:1\"], topic: t } }"}});
  const auto kind = ElementsAre(HasSubstr("E5012 stream t cannot change between a Kafka topic"));
  EXPECT_THAT(refused(plan(topic, stream)), kind);
  EXPECT_THAT(refused(plan(stream, topic)), kind);
  const std::string moved = edit(topic, {{"topic: t", "topic: u"}});
  EXPECT_THAT(refused(plan(topic, moved)), IsEmpty());
  EXPECT_THAT(plan(topic, moved).find(PartKind::binding, "b")->because,
              ElementsAre("stream t changes"));
  EXPECT_EQ(plan(topic, moved).find(PartKind::binding, "other"), nullptr);
  EXPECT_THAT(refused(plan(topic, edit(topic, {{"  b: { from: t, function: f }\n", ""}}))),
              IsEmpty());
}

TEST_F(PlanTest, ValuesFromTheEnvironmentAndSecretsAreNotShown) {
  const Config before = good(whole_config());
  variables_["OF_A"] = "hunter2";
  variables_["FOLDER"] = "/hunter3";
  const Config after =
      good(edit(whole_config(), {{"path: ./inbox", "path: \"${env:FOLDER}\""},
                                 {"B: \"$${plain}\"", "B: new, MY_TOKEN: \"hunter4 x\""}}));
  const Plan plan = config::plan(before, after, kinds_);
  EXPECT_THAT(lines(plan),
              ElementsAre("~ connector inbox: files.path  -> ",
                          "~ function f: environment.A  -> , environment.B ${plain} -> new, "
                          "environment.MY_TOKEN unset -> ",
                          "! binding b: function f changes"));
  EXPECT_THAT(to_json(review("c.yaml", {}, plan)), Not(HasSubstr("hunter")));
}

TEST_F(PlanTest, PasswordsAndPropertiesAreNotShown) {
  const std::string topic = R"(version: 1
streams:
  t:
    kafka:
      brokers: ["b:9092"]
      topic: t
      sasl: { mechanism: plain, username: me, password: hunter2 }
      properties: { ssl.keystore.password: hunter2 }
)";
  const Plan plan =
      this->plan(topic, edit(edit(topic, {{"hunter2", "hunter3"}}), {{"hunter2", "hunter4"}}));
  EXPECT_THAT(lines(plan), ElementsAre("~ stream t: kafka.properties.ssl.keystore.password  -> , "
                                       "kafka.sasl.password  -> "));
}

// What an added part shows beside its defaults is every option that it was given.
TEST_F(PlanTest, NoOptionIsForgotten) {
  const Plan all = plan("version: 1\n", whole_config());
  const auto options = [&](PartKind kind, const char* name) {
    std::vector<std::string> names;
    for (const OptionChange& option : all.find(kind, name)->options) names.push_back(option.option);
    return names;
  };
  EXPECT_THAT(options(PartKind::engine, ""), ElementsAre("data", "http.listen", "log.level"));
  EXPECT_THAT(options(PartKind::stream, "in"),
              ElementsAre("partitions", "retention.time", "retention.size"));
  EXPECT_THAT(options(PartKind::connector, "outbox"),
              ElementsAre("from", "order", "retry.attempts", "type", "files.path"));
  EXPECT_THAT(options(PartKind::function, "f"),
              ElementsAre("runtime", "timeout", "memory", "environment.A", "environment.B",
                          "scale.min", "scale.max", "scale.idle", "recycle.events", "code"));
  EXPECT_THAT(options(PartKind::binding, "b"),
              ElementsAre("from", "function", "to", "order", "max_unsettled", "max_unsettled_bytes",
                          "batch.events", "batch.bytes", "batch.wait", "retry.attempts",
                          "retry.max_age", "retry.backoff.first", "retry.backoff.factor",
                          "retry.backoff.max", "retry.backoff.jitter", "start", "filter.data.n",
                          "filter.key", "filter.type", "idempotency.key"));
}

TEST_F(PlanTest, MatchersHaveTheirTexts) {
  const Plan all =
      edited({{"filter: { type: [x, y],",
               "filter: { data.v: [5, true, null, \"5\"], headers.a: { exists: true }, "
               "headers.b: { suffix: s }, time: { glob: \"*\" }, type: [x, y],"}});
  EXPECT_THAT(lines(all), ElementsAre("~ binding b: filter.data.v unset -> [\"5\", 5, null, true], "
                                      "filter.headers.a unset -> {exists: true}, "
                                      "filter.headers.b unset -> {suffix: \"s\"}, "
                                      "filter.time unset -> {glob: \"*\"}"));
}

TEST_F(PlanTest, AsJson) {
  const Plan plan = edited({{"data: ./state", "data: /elsewhere"}, {"    to: out\n", ""}});
  const Review review =
      config::review("c.yaml", {{{2, 5}, "E1101", "unused", Severity::warning, "c.yaml"}}, plan);
  std::string json = to_json(review);
  const std::string folder = folder_.string();
  json.replace(json.find(folder), folder.size(), "FOLDER");
  EXPECT_EQ(
      json,
      R"({"outcome":"refused","file":"c.yaml",)"
      R"("problems":[{"file":"c.yaml","line":2,"column":5,"code":"E1101","severity":"warning",)"
      R"("message":"unused"}],)"
      R"("changes":[{"kind":"engine","name":"","action":"change","options":[)"
      R"({"option":"data","before":"FOLDER/state","after":"/elsewhere","secret":false}],)"
      R"("because":[]},)"
      R"({"kind":"binding","name":"b","action":"change","options":[)"
      R"({"option":"to","before":"out","after":null,"secret":false}],"because":[]}],)"
      R"("refusals":[{"kind":"engine","name":"","option":"data","code":"E5012",)"
      R"("message":"engine.data cannot change while the engine runs: restart it"}]})");
}

}  // namespace
}  // namespace pelton::config
