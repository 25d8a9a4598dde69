// SPDX-License-Identifier: Apache-2.0
#include "engine/observe/function_log.h"

#include "tests/contract/temporary_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace pelton::observe {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class FunctionLogTest : public testing::Test {
 protected:
  // What is kept once the log has ended.
  std::string kept(const std::string& function = "f") const {
    const auto files = function_log_files(folder.path(), function);
    return contents(files.older) + contents(files.newest);
  }
  static void write(FunctionLog& log, const std::string& text, const std::string& function = "f") {
    log.write({function, "info", text, "f-1", "s/0/7", "id"}, WallTime{});
  }
  const test::TemporaryFolder folder;
};

TEST_F(FunctionLogTest, ALineIsAnObject) {
  {
    FunctionLog log(folder.path());
    log.keep("f", 1 << 20);
    write(log, "a \"b\"\x01");
    log.write({"f", "report", "REPORT"}, WallTime{});
    write(log, "nothing is kept of it", "other");
  }
  EXPECT_EQ(
      kept(),
      R"({"time":"1970-01-01T00:00:00Z","level":"info","text":"a \"b\"\u0001","worker":"f-1",)"
      R"("event":"s/0/7","invocation":"id"})"
      "\n"
      R"({"time":"1970-01-01T00:00:00Z","level":"report","text":"REPORT"})"
      "\n");
  EXPECT_EQ(kept("other"), "");
  struct stat status {};
  ASSERT_EQ(::stat(function_log_files(folder.path(), "f").newest.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(FunctionLogTest, TheNewestLinesAreKeptWithinTheLimit) {
  constexpr std::uint64_t kLimit = 20'000;
  for (int run = 0; run < 3; ++run) {  // over restarts as well
    FunctionLog log(folder.path());
    log.keep("f", kLimit);
    for (int i = 0; i < 500; ++i) write(log, fmt::format("line {} of {}", i, run));
  }
  const std::string lines = kept();
  EXPECT_LE(lines.size(), kLimit);
  EXPECT_GE(lines.size(), kLimit / 2);
  EXPECT_THAT(lines, HasSubstr("\"line 499 of 2\""));
  EXPECT_THAT(lines, Not(HasSubstr("of 0")));
  EXPECT_TRUE(lines.starts_with("{") && lines.ends_with("}\n"));
}

TEST_F(FunctionLogTest, ALineThatWasTornDoesNotSpoilTheNext) {
  const auto files = function_log_files(folder.path(), "f");
  std::filesystem::create_directories(files.newest.parent_path());
  std::ofstream(files.newest) << "{\"time\":\"19";
  {
    FunctionLog log(folder.path());
    log.keep("f", 1 << 20);
    write(log, "next");
  }
  EXPECT_THAT(kept(), HasSubstr("{\"time\":\"19\n{\"time\""));
}

TEST_F(FunctionLogTest, LinesThatTheDiskDoesNotTakeAreCounted) {
  const auto files = function_log_files(folder.path(), "a");
  std::filesystem::create_directories(files.newest);  // nothing can be written there
  {
    FunctionLog log(folder.path());
    log.keep("a", 1 << 20);
    log.keep("b", 1 << 20);
    for (int i = 0; i < 3; ++i) write(log, "lost", "a");
    write(log, "seen", "b");  // behind them: functions are written in the order of their names
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!kept("b").contains("seen") && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    std::filesystem::remove(files.newest);
    write(log, "tried", "a");
  }
  EXPECT_THAT(kept("a"), HasSubstr("(3 lines dropped)"));
  EXPECT_THAT(kept("a"), HasSubstr("tried"));
}

TEST_F(FunctionLogTest, WhatWaitsIsBounded) {
  {
    FunctionLog log(folder.path());
    log.keep("f", 1U << 30);
    const std::string line(100'000, 'x');
    for (int i = 0; i < 2'000; ++i) write(log, line);
    write(log, "end");
  }
  EXPECT_THAT(kept(), EndsWith("}\n"));
}

}  // namespace
}  // namespace pelton::observe
