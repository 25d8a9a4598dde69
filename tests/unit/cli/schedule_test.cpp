// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/app.h"
#include "engine/cli/output.h"
#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>

#include <cstdio>
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
  int run(std::vector<const char*> words) {
    words.insert(words.begin(), {"pelton", "schedule", "next"});
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(words.size()), words.data());
    std::fflush(stdout);
    out_ = testing::internal::GetCapturedStdout();
    error_ = testing::internal::GetCapturedStderr();
    return code;
  }

  test::TemporaryFolder folder_;
  const std::string file_ = (folder_.path() / "pelton.yaml").string();
  std::string out_, error_;
};

TEST_F(ScheduleNext, AllOfThemOrOne) {
  EXPECT_EQ(run({"--config", file_.c_str(), "--count", "2"}), kOk);
  EXPECT_THAT(out_, HasSubstr("nightly  cron 0 3 * * *  Europe/Berlin\n"));
  EXPECT_THAT(out_, HasSubstr("T03:00:00+0"));
  EXPECT_THAT(out_, HasSubstr("no more slots"));
  EXPECT_THAT(error_, HasSubstr("E7044"));
  EXPECT_EQ(run({"nightly", "--config", file_.c_str()}), kOk);
  EXPECT_THAT(out_, Not(HasSubstr("over")));
}

TEST_F(ScheduleNext, HowItFails) {
  EXPECT_EQ(run({"nigthly", "--config", file_.c_str()}), kNotFound);
  EXPECT_THAT(error_, HasSubstr("did you mean \"nightly\"?"));
  EXPECT_EQ(run({"--config", file_.c_str(), "--count", "0"}), kUsage);
  test::write_file(file_, "version: 1\nstreems: {}\n");
  EXPECT_EQ(run({"--config", file_.c_str()}), kConfigInvalid);
}

}  // namespace
}  // namespace pelton::cli
