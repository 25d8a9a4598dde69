// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/output.h"
#include "tests/contract/temporary_folder.h"
#include "tests/unit/cli/command_fixture.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace pelton::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// `pelton schedule next` on a config of two schedules: what it prints, and how it ends.
class ScheduleNext : public testing::Test {
 protected:
  ScheduleNext() {
    test::write_file(
        file_,
        "version: 1\nstreams: { jobs: { retention: { time: 1d } } }\nconnectors:\n"
        "  nightly: { schedule: { cron: \"0 3 * * *\", timezone: Europe/Berlin }, to: jobs }\n"
        "  over: { schedule: { aws: \"cron(0 12 * * ? 2020)\" }, to: jobs }\n");
  }
  Ran next(std::vector<std::string> words) {
    words.insert(words.begin(), {"schedule", "next"});
    words.insert(words.end(), {"--config", file_});
    return run_words(words);
  }

  test::TemporaryFolder folder_;
  const std::string file_ = (folder_.path() / "pelton.yaml").string();
};

TEST_F(ScheduleNext, AllOfThemOrOne) {
  const Ran all = next({"--count", "2"});
  EXPECT_EQ(all.code, kOk);
  EXPECT_THAT(all.out, HasSubstr("nightly  cron 0 3 * * *  Europe/Berlin\n"));
  EXPECT_THAT(all.out, HasSubstr("T03:00:00+0"));
  EXPECT_THAT(all.out, HasSubstr("no more slots"));
  EXPECT_THAT(all.err, HasSubstr("E7044"));
  EXPECT_THAT(next({"nightly"}).out, Not(HasSubstr("over")));
  EXPECT_THAT(next({"nightly", "-o", "json"}).out,
              HasSubstr("\"schedules\":[{\"name\":\"nightly\""));
}

TEST_F(ScheduleNext, ANameMayFollowTheConfig) {
  const Ran named = run_words({"schedule", "next", "--config", file_, "nightly"});
  EXPECT_EQ(named.code, kOk);
  EXPECT_THAT(named.out, HasSubstr("nightly  cron"));
  EXPECT_THAT(named.out, Not(HasSubstr("over")));
}

TEST_F(ScheduleNext, HowItFails) {
  const Ran unknown = next({"nigthly"});
  EXPECT_EQ(unknown.code, kNotFound);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"nightly\"?"));
  EXPECT_EQ(next({"--count", "0"}).code, kUsage);
  test::write_file(file_, "version: 1\nstreems: {}\n");
  EXPECT_EQ(next({}).code, kConfigInvalid);
  const Ran json = next({"-o", "json"});
  EXPECT_EQ(json.code, kConfigInvalid);
  EXPECT_EQ(json.out, "");
  EXPECT_EQ(json.err.substr(0, 24), "{\"error\":{\"code\":\"E1005\"");
  EXPECT_THAT(json.err, HasSubstr(":2:1: unknown key"));
}

}  // namespace
}  // namespace pelton::cli
