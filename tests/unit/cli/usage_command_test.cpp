// SPDX-License-Identifier: Apache-2.0
// pelton usage: rows of the engine, added up.
#include "tests/unit/cli/command_fixture.h"

namespace pelton::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class UsageCommand : public CommandTest {
 protected:
  UsageCommand() {
    row("2026-11-27", "resize", "pictures", 1500);
    row("2026-11-28", "resize", "pictures", 500);
    row("2026-11-28", "resize", "scans", 7);
    row("2026-11-28", "scan", "letters", 1);
    http::UsageRow start{"2026-11-28", "resize", "", {}};
    start.usage.cold_starts = 2;
    start.usage.starting = std::chrono::milliseconds(80);
    engine.used.push_back(start);
  }
  void row(const std::string& day, const std::string& function, const std::string& binding,
           std::uint64_t billed_ms) {
    http::UsageRow made{day, function, binding, {}};
    made.usage.invocations = 10;
    made.usage.events = 1200;
    made.usage.failed = 1;
    made.usage.billed_ms = billed_ms;
    made.usage.busy = std::chrono::milliseconds(billed_ms);
    made.usage.mib_ms = billed_ms * 1024;
    made.usage.peak_memory = billed_ms << 20;
    engine.used.push_back(made);
  }
  std::string usage(std::vector<std::string> words) {
    words.insert(words.begin(), "usage");
    const Ran ran = ask(words);
    EXPECT_EQ(ran.code, kOk) << ran.err;
    return ran.out;
  }
};

TEST_F(UsageCommand, AddsUpByFunction) {
  EXPECT_EQ(usage({"--since", "2026-11-01"}),
            "since 2026-11-01 (UTC)\n"
            "FUNCTION  INVOCATIONS  EVENTS  FAILED  BILLED MS  GB-SECONDS  PEAK MEMORY  COLD STARTS"
            "  INIT MS\n"
            "resize    30           3,600   3       2,007      2.007       1.5 GiB      2"
            "            80\n"
            "scan      10           1,200   1       1          0.001       1.0 MiB      0"
            "            0\n"
            "total     40           4,800   4       2,008      2.008       1.5 GiB      2"
            "            80\n");
}

TEST_F(UsageCommand, AddsUpByBindingAndDay) {
  EXPECT_THAT(
      usage({"--by", "binding", "--since", "2026-11-01"}),
      AllOf(HasSubstr("resize    pictures         20"), HasSubstr("resize    scans            10"),
            HasSubstr("resize    (calls, starts)  0")));
  EXPECT_THAT(usage({"--by", "day", "--since", "2026-11-01"}),
              AllOf(HasSubstr("2026-11-27  10"), HasSubstr("2026-11-28  30")));
}

TEST_F(UsageCommand, BeginsAtTheDayThatIsAskedFor) {
  const std::string said = usage({"--by", "day", "--since", "2026-11-28"});
  EXPECT_THAT(said, Not(HasSubstr("2026-11-27")));
  EXPECT_EQ(usage({"--since", "2030-01-01"}), "no function was invoked since 2030-01-01\n");
}

TEST_F(UsageCommand, HasTheSameNumbersAsJson) {
  EXPECT_THAT(usage({"--by", "binding", "--since", "2026-11-28", "-o", "json"}),
              HasSubstr(R"("billed_ms":7,"cold_starts":0,"duration_ms":7E0)"));
}

TEST_F(UsageCommand, ATimeThatIsNoneIsRefused) {
  const Ran ran = ask({"usage", "--since", "yesterday"});
  EXPECT_EQ(ran.code, kFailure);
  EXPECT_THAT(ran.err, HasSubstr("E5002: since: \"yesterday\" is not a time"));
}

}  // namespace
}  // namespace pelton::cli
