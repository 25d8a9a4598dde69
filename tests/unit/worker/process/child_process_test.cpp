// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <functional>
#include <string>
#include <vector>

namespace pelton::worker {
namespace {

using std::chrono::seconds;

// A shell as child process.
class Shell : public ::testing::Test, public ProcessEvents {
 protected:
  // Starts it and waits until it has ended.
  void run(const std::string& script, LaunchPlan plan = {}) {
    start(script, std::move(plan));
    run_until([this] { return ended; });
    ASSERT_TRUE(ended);
  }
  void start(const std::string& script, LaunchPlan plan = {}) {
    plan.command = {"/bin/sh", "-c", script};
    plan.environment.try_emplace("PATH", "/usr/bin:/bin");
    const auto ok = child->start(std::move(plan));
    ASSERT_TRUE(ok) << ok.error().text();
  }
  void run_until(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < until) io.run_one_until(until);
  }
  void wrote(bool standard_error, std::string_view line) override {
    lines.push_back((standard_error ? "err " : "out ") + std::string(line));
  }
  void exited() override { ended = true; }

  boost::asio::io_context io{1};
  std::vector<std::string> lines;
  bool ended = false;
  std::unique_ptr<ChildProcess> child = std::make_unique<ChildProcess>(io, *this);
};

TEST_F(Shell, TellsItsLinesAndItsEnd) {
  run("echo one; echo two >&2; printf three; exit 5");
  EXPECT_EQ(child->ending(), "exit 5");
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (std::vector<std::string>{"err two", "out one", "out three"}));
  EXPECT_EQ(child->last_lines(), "two") << "what it said last of its trouble";
}

TEST_F(Shell, HasTheEnvironmentFolderAndDescriptorsOfItsPlan) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  LaunchPlan plan;
  plan.environment = {{"PATH", "/usr/bin:/bin"}, {"COLOUR", "blue"}};
  plan.folder = "/usr";
  plan.descriptors.emplace_back(ends[1]);
  run("echo $COLOUR; pwd; echo through >&3", std::move(plan));
  EXPECT_EQ(lines, (std::vector<std::string>{"out blue", "out /usr"}));
  std::string text(64, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], text.data(), 64))));
  EXPECT_EQ(text, "through\n");
}

TEST_F(Shell, AKillReachesWhatItStarted) {
  start("sleep 1000 & setsid sleep 1000 & echo started; wait");
  run_until([this] { return !lines.empty(); });
  child->kill();
  run_until([this] { return ended; });
  EXPECT_EQ(child->ending(), "signal 9");
  siginfo_t left = {};
  EXPECT_EQ(::waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT), -1)
      << "no child is left, running or not waited for: " << left.si_pid;
}

TEST_F(Shell, AFolderThatIsNotThereIsNamed) {
  LaunchPlan plan;
  plan.command = {"/bin/true"};
  plan.folder = "/no/such/folder";
  const auto started = child->start(std::move(plan));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, "E3001");
  EXPECT_NE(started.error().message.find("/no/such/folder"), std::string::npos);
}

TEST_F(Shell, DestroyingItEndsIt) {
  start("echo $$; sleep 1000");
  run_until([this] { return !lines.empty(); });
  const int pid = child->pid();
  child.reset();
  EXPECT_EQ(::kill(pid, 0), -1) << "neither running nor waited for";
}

}  // namespace
}  // namespace pelton::worker
