// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/output.h"

#include <gtest/gtest.h>

namespace pelton::cli {
namespace {

Error error(const char* code) {
  return {ErrorKind::invalid, code, "m"};
}

TEST(ExitCode, IsOfTheKindThatScriptsBranchOn) {
  EXPECT_EQ(exit_code(error("E1005")), kConfigInvalid);
  EXPECT_EQ(exit_code(error("E5004")), kUsage);
  EXPECT_EQ(exit_code(error("E5006")), kNotReachable);
  EXPECT_EQ(exit_code(error("E5001")), kNotFound);
  EXPECT_EQ(exit_code(error("E4101")), kConflict);
  EXPECT_EQ(exit_code(error("E5007")), kConflict);
  EXPECT_EQ(exit_code(error("E5022")), kConflict);
  for (const char* other : {"E5020", "E5021", "E4106", "E2001"})
    EXPECT_EQ(exit_code(error(other)), kFailure) << other;
}

TEST(Complain, AsJsonIsOneParsableLine) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(complain({ErrorKind::overloaded, "E5010", "a \"b\"\n\xff"}, ErrorFormat::json),
            kFailure);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "{\"error\":{\"code\":\"E5010\",\"kind\":\"overloaded\",\"message\":\"a "
            "\\\"b\\\"\\n\xEF\xBF\xBD\"}}\n");
}

TEST(Complain, AsTextSteersNoTerminal) {
  testing::internal::CaptureStderr();
  complain({ErrorKind::invalid, "E5001", "no \x1b[2J"}, ErrorFormat::text);
  EXPECT_EQ(testing::internal::GetCapturedStderr().find('\x1b'), std::string::npos);
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc...");
  EXPECT_EQ(shortened("a\xc3\xbc\xc3\xbc", 2), "a...");
}

TEST(Table, ColumnsAreAlignedByCharacters) {
  Table table({"A", "B"});
  table.add({"\xc3\xbc\xc3\xbc\xc3\xbc", "1"});
  table.add({"x", ""});
  EXPECT_EQ(table.text(), "A    B\n\xc3\xbc\xc3\xbc\xc3\xbc  1\nx\n");
}

TEST(Words, NumbersAreReadable) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(5ULL << 40), "5.0 TiB");
  EXPECT_EQ(rate_text(0.5), "0.5/s");
  EXPECT_EQ(rate_text(1200), "1,200/s");
  EXPECT_EQ(age_text(59.94), "59.9s");
  EXPECT_EQ(age_text(4000), "1h6m");
  EXPECT_EQ(age_text(200'000), "2d7h");
}

}  // namespace
}  // namespace pelton::cli
