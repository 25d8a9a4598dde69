// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/zygote_keeper.h"

#include "engine/worker/pool/idle_zygotes.h"
#include "engine/worker/runtimes/native/options.h"
#include "tests/unit/worker/pool/pool_fixture.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace pelton::worker {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

// Every worker serves one event.
class ZygotePool : public PoolFixture {
 protected:
  void SetUp() override {
    options.state = folder.path() / "state";
    function.recycle_events = 1;
  }
  native::PythonOptions& settings() {
    return std::any_cast<native::PythonOptions&>(function.settings);
  }
  // One event by a new worker.
  void one() {
    const std::size_t before = source.done;
    give({std::to_string(before)});
    ASSERT_TRUE(run_until([&] { return source.done > before && pool->stats().workers.empty(); }))
        << lines_text();
  }
  static std::set<pid_t> children() {
    std::set<pid_t> all;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      std::ifstream list(thread.path() / "children");
      for (pid_t pid = 0; list >> pid;) all.insert(pid);
    }
    return all;
  }
  // While there is no worker; 0: none.
  static pid_t zygote() {
    const auto all = children();
    EXPECT_LE(all.size(), 1U);
    return all.empty() ? 0 : *all.begin();
  }
  static bool nothing_is_left() {
    siginfo_t left = {};
    return ::waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT) == -1;
  }
  std::size_t lines_with(const std::string& text) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [&](const auto& line) { return line.contains(text); }));
  }
};

constexpr const char* kSeen = R"(
import os, sys
print("seen" if "decimal" in sys.modules else "new", os.getppid(), flush=True)
import decimal
def handle(event, context): pass
)";

TEST_F(ZygotePool, WorkersAreCopiesOfWhatTheFirstImported) {
  python(kSeen);
  start();
  EXPECT_EQ(zygote(), 0) << "nothing runs without work";
  one();
  const pid_t first = zygote();
  EXPECT_NE(first, 0);
  ASSERT_TRUE(run_until([&] {
    one();
    return lines_with("seen") > 0;
  })) << lines_text();
  EXPECT_THAT(lines_text(), HasSubstr(fmt::format("seen {}\n", ::getpid())));
  EXPECT_EQ(zygote(), first);
}

TEST_F(ZygotePool, SeveralAtOnceAreCopies) {
  python("import time\ndef handle(event, context): time.sleep(0.05)\n");
  function.recycle_events.reset();
  function.scale.min = function.scale.max = 8;
  start();
  ASSERT_TRUE(run_until(
      [&] { return std::ranges::count(pool->stats().workers, "idle", &WorkerInfo::state) == 8; }));
  EXPECT_EQ(children().size(), 9U);
  give({"1", "2", "3", "4", "5", "6", "7", "8"});
  ASSERT_TRUE(run_until([&] { return source.done == 8; }));
  EXPECT_TRUE(stop());
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(ZygotePool, WithoutItEachIsAProcessOfItsOwn) {
  python("def handle(event, context): pass\n");
  settings().zygote = Duration{0};
  start();
  one();
  EXPECT_EQ(zygote(), 0);
}

TEST_F(ZygotePool, ItEndsSomeTimeAfterTheLastWorker) {
  python("def handle(event, context): pass\n");
  settings().zygote = milliseconds(20);
  start();
  one();
  ASSERT_TRUE(run_until([] { return nothing_is_left(); }));
  one();
}

TEST_F(ZygotePool, OneThatIsKilledIsReplaced) {
  python("def handle(event, context): pass\n");
  start();
  one();
  const pid_t first = zygote();
  ::kill(first, SIGKILL);
  ASSERT_TRUE(run_until([&] { return zygote() == 0; }));
  one();
  EXPECT_NE(zygote(), 0);
  EXPECT_EQ(lines_with("its zygote: it ended (signal 9); another is started"), 1U) << lines_text();
}

TEST_F(ZygotePool, OneThatIsKilledAgainAndAgainIsDoneWithout) {
  python("def handle(event, context): pass\n");
  start();
  for (int i = 0; i < 4; ++i) {
    one();
    ASSERT_NE(zygote(), 0);
    ::kill(zygote(), SIGKILL);
    ASSERT_TRUE(run_until([&] { return zygote() == 0; }));
  }
  one();
  EXPECT_EQ(zygote(), 0);
  EXPECT_EQ(lines_with("another is started"), 3U) << lines_text();
  EXPECT_EQ(lines_with("E7300"), 1U) << lines_text();
}

// A process of its own is not disturbed by what disturbs the zygote.
TEST_F(ZygotePool, WhereItCannotStartWorkersDoWithout) {
  python("def handle(event, context): pass\n");
  std::ofstream(folder.path() / "sitecustomize.py")
      << "import os, sys\n"
         "if 'pelton.zygote' in ' '.join(sys.orig_argv): print('no'); os._exit(7)\n";
  function.environment["PYTHONPATH"] = folder.path().string();
  start();
  for (int i = 0; i < 3; ++i) one();
  EXPECT_EQ(lines_with("E7300"), 1U) << lines_text();
  EXPECT_THAT(lines_text(), HasSubstr("it ended (exit 7)"));
  EXPECT_EQ(pool->stats().start_failures, 0U);
  EXPECT_TRUE(source.losses.empty());
}

// Whatever it is that only copies do not survive, the function has workers.
TEST_F(ZygotePool, WhereCopiesDoNotStartWorkersDoWithout) {
  python(
      "import sys\n"
      "if 'pelton.zygote' in ' '.join(sys.orig_argv): raise OSError('not in a copy')\n"
      "def handle(event, context): pass\n");
  start();
  one();
  one();
  one();
  EXPECT_EQ(pool->stats().start_failures, 2U) << lines_text();
  EXPECT_EQ(lines_with("E7301"), 1U) << lines_text();
  EXPECT_EQ(zygote(), 0);
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(ZygotePool, WhereNothingStartsTheZygoteIsNotBlamed) {
  python("import nothing_of_the_kind\ndef handle(event, context): pass\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_failures >= 4; }));
  python("def handle(event, context): pass\n");
  ASSERT_TRUE(run_until([&] { return source.done == 1 && pool->stats().workers.empty(); }));
  one();
  EXPECT_EQ(lines_with("E7301"), 0U) << lines_text();
}

TEST_F(ZygotePool, ARenewalBeginsWithANewOne) {
  python("def handle(event, context): pass\n");
  start();
  one();
  const pid_t first = zygote();
  ASSERT_TRUE(renewed());
  one();
  EXPECT_NE(zygote(), first);
}

TEST_F(ZygotePool, TimeOutAndStackAreThoseOfTheCopy) {
  python(R"(
import subprocess
def handle(event, context):
    subprocess.run(["setsid", "sleep", "1000"])
)");
  function.timeout = milliseconds(200);
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return !source.losses.empty() && pool->stats().workers.empty(); }));
  EXPECT_EQ(source.losses[0].cause, "timeout");
  EXPECT_THAT(lines_text(), HasSubstr("in handle"));
  EXPECT_TRUE(stop());
  EXPECT_TRUE(nothing_is_left());
}

// Copied, not started anew: what it has in /proc/PID/environ is what its parent wrote there.
TEST_F(ZygotePool, WhatACopyLeavesIsFoundByItsName) {
  python(R"(
import os, time
def handle(event, context):
    if os.fork() == 0:
        os.setsid()
        time.sleep(1000)
    os._exit(3)
)");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return !source.losses.empty() && pool->stats().workers.empty(); }));
  EXPECT_EQ(source.losses[0].type, "exit 3");
  EXPECT_EQ(children().size(), 1U) << "the zygote alone";
}

TEST_F(ZygotePool, TheMemoryLimitHoldsForCopies) {
  python("def handle(event, context): return len(bytearray(500 << 20))\n");
  function.memory_bytes = 200U << 20;
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; })) << lines_text();
  EXPECT_EQ(source.results[0].not_done.at(0).type, "MemoryError");
}

TEST_F(ZygotePool, ThatIsDestroyedWhileWorkersStartLeavesNothing) {
  python("def handle(event, context): pass\n");
  function.scale.min = function.scale.max = 4;
  start();
  run_until([] { return !children().empty(); });
  pool.reset();
  EXPECT_TRUE(nothing_is_left());
}

TEST_F(ZygotePool, ThatStopsWhileWorkersStartLeavesNothing) {
  python("def handle(event, context): pass\n");
  function.scale.min = function.scale.max = 4;
  start();
  EXPECT_TRUE(stop(milliseconds(0)));
  EXPECT_TRUE(nothing_is_left());
}

TEST(IdleZygotesTest, TheOldestGivesWay) {
  IdleZygotes idle;
  const auto first = idle.add();
  const auto second = idle.add();
  for (std::size_t i = 2; i < IdleZygotes::kMost; ++i) idle.add();
  EXPECT_TRUE(idle.keeps(first));
  idle.add();
  EXPECT_FALSE(idle.keeps(first));
  EXPECT_TRUE(idle.keeps(second));
  idle.remove(second);
  EXPECT_FALSE(idle.keeps(second));
}

}  // namespace
}  // namespace pelton::worker
