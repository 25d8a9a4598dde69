// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/zygote.h"

#include "engine/worker/process/child_process.h"
#include "engine/worker/process/descendants.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <optional>
#include <string>
#include <vector>

namespace pelton::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// A strange process in a zygote's place: `zygote` is its connection.
class StrangeZygote : public ::testing::Test, public ProcessEvents {
 protected:
  void SetUp() override { adopt_orphans(); }
  void start(const std::string& script, milliseconds patience = seconds(20)) {
    zygote.emplace(
        io, [this](bool, std::string_view line) { lines.emplace_back(line); }, patience);
    LaunchPlan plan;
    plan.command = {"/usr/bin/python3", "-c",
                    "import os, socket, time\nzygote = socket.socket(fileno=3)\n" + script};
    plan.environment = {{"PATH", "/usr/bin:/bin"}};
    const auto ok = zygote->start(std::move(plan));
    ASSERT_TRUE(ok) << ok.error().text();
  }
  void ask() {
    made.reset();
    child = std::make_unique<ChildProcess>(io, *this);
    LaunchPlan plan;
    plan.environment = {{"COLOUR", "blue"}};
    child->start(std::move(plan), *zygote, [this](Status status) { made = std::move(status); });
    EXPECT_FALSE(made) << "not from within the call";
  }
  // Why there is no copy.
  std::string refusal() {
    ask();
    run_until([this] { return made.has_value(); });
    if (!made) return "no answer";
    return *made ? "made" : made->error().message;
  }
  void run_until(const std::function<bool()>& condition) {
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < until) io.run_one_until(until);
  }
  static bool childless() {
    siginfo_t left = {};
    return ::waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT) == -1;
  }
  void wrote(bool, std::string_view) override {}
  void exited() override { ended = true; }

  boost::asio::io_context io{1};
  std::vector<std::string> lines;
  std::optional<Zygote> zygote;
  std::unique_ptr<ChildProcess> child;
  std::optional<Status> made;
  bool ended = false;
};

TEST_F(StrangeZygote, ThatCannotMakeOneSaysWhy) {
  start("zygote.recv(4096); zygote.send(b'failed no room'); zygote.recv(4096)");
  EXPECT_EQ(refusal(), "no room");
  EXPECT_TRUE(zygote->serves());
}

TEST_F(StrangeZygote, ThatTalksNonsenseIsEnded) {
  start("zygote.recv(4096); zygote.send(b'hello'); time.sleep(1000)");
  EXPECT_THAT(refusal(), HasSubstr("answered something else"));
  EXPECT_FALSE(zygote->serves());
  EXPECT_THAT(refusal(), HasSubstr("answered something else")) << "later ones hear it as well";
}

TEST_F(StrangeZygote, ThatNamesAForeignProcessGetsItNotKilled) {
  start("zygote.recv(4096); zygote.send(b'forked 1'); time.sleep(1000)");
  EXPECT_THAT(refusal(), HasSubstr("process 1"));
}

// The zygote itself is a child that somebody waits for already.
TEST_F(StrangeZygote, ThatNamesAChildOfSomebodyElseGetsNoneTwice) {
  start("zygote.recv(4096); zygote.send(b'forked %d' % os.getpid()); time.sleep(1000)");
  EXPECT_THAT(refusal(), HasSubstr("ended before it was of any use"));
  EXPECT_TRUE(zygote->serves());
}

TEST_F(StrangeZygote, ThatEndsIsShownWithItsLastLines) {
  start("zygote.recv(4096); print('out of paper', flush=True); os._exit(3)");
  EXPECT_THAT(refusal(), ::testing::AllOf(HasSubstr("exit 3"), HasSubstr("out of paper")));
}

TEST_F(StrangeZygote, ThatDoesNotAnswerIsEnded) {
  start("time.sleep(1000)", milliseconds(20));
  EXPECT_THAT(refusal(), HasSubstr("did not answer for 20ms"));
  EXPECT_EQ(made->error().kind, ErrorKind::overloaded);
  run_until([this] { return !zygote->serves(); });
  EXPECT_THAT(zygote->ending(), HasSubstr("did not answer for 120ms"));
  EXPECT_TRUE(zygote->busy());
  zygote.reset();
  EXPECT_TRUE(childless());
}

// What it makes in the end for one who has not waited is not left alone.
TEST_F(StrangeZygote, ThatAnswersLateServesAgain) {
  start(
      "import sys; sys.stdin = open('/dev/null')\n"
      "message, control, _, _ = zygote.recvmsg(65536, 4096)\n"
      "time.sleep(0.3)\n"
      "pid = os.fork()\n"
      "if pid == 0: time.sleep(1000)\n"
      "zygote.send(b'forked %d' % pid)\n"
      "while zygote.recv(65536): zygote.send(b'failed again')",
      milliseconds(200));
  EXPECT_THAT(refusal(), HasSubstr("did not answer for 200ms"));
  EXPECT_TRUE(zygote->busy());
  run_until([this] { return !zygote->busy(); });
  EXPECT_TRUE(zygote->serves());
  EXPECT_EQ(refusal(), "again");
}

TEST_F(StrangeZygote, ThatIsDestroyedFailsWhatIsAsked) {
  start("time.sleep(1000)");
  ask();
  zygote.reset();
  ASSERT_TRUE(made);
  EXPECT_EQ(made->error().code, "E7300");
  EXPECT_TRUE(childless());
}

TEST_F(StrangeZygote, WhoeverAskedMayBeGone) {
  start("zygote.recv(4096); zygote.send(b'failed no room'); os._exit(0)");
  ask();
  child.reset();
  run_until([this] { return !zygote->serves(); });
  EXPECT_FALSE(made);
}

TEST_F(StrangeZygote, MoreThanAMessageHoldsIsRefused) {
  start("time.sleep(1000)");
  child = std::make_unique<ChildProcess>(io, *this);
  LaunchPlan plan;
  plan.environment = {{"LARGE", std::string(8U << 20, 'x')}};
  child->start(std::move(plan), *zygote, [this](Status status) { made = std::move(status); });
  run_until([this] { return made.has_value(); });
  ASSERT_TRUE(made);
  EXPECT_THAT(made->error().message, HasSubstr("too long"));
}

}  // namespace
}  // namespace pelton::worker
