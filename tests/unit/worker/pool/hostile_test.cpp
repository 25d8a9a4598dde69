// SPDX-License-Identifier: Apache-2.0
// Workers that misbehave: the pool survives, tells what happened, and the events come back.
#include "engine/base/unique_fd.h"
#include "tests/unit/worker/pool/pool_fixture.h"

#include <fcntl.h>
#include <signal.h>

#include <fstream>

namespace pelton::worker {
namespace {

// Neither running nor waited for.
bool gone(int pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(stat, text);  // nothing where it has gone meanwhile
  return text.empty() || text.find(") Z") != std::string::npos;
}

class Hostile : public PoolFixture {
 protected:
  // Starts the worker in its mode, gives one event and waits for the loss.
  void expect_loss(const std::string& mode, const std::string& cause, const std::string& type) {
    strange(mode);
    start();
    give({"event"});
    ASSERT_TRUE(run_until([&] { return !source.losses.empty(); })) << lines_text();
    EXPECT_EQ(source.losses.front().cause, cause);
    EXPECT_NE(source.losses.front().type.find(type), std::string::npos)
        << source.losses.front().type;
    EXPECT_TRUE(source.losses.front().frame) << "the event at hand takes the blame";
    EXPECT_EQ(source.losses.front().index, 0U);
  }
  int child_pid() const {
    const std::string text = lines_text();
    return std::stoi(text.substr(text.find("child ") + 6));
  }
};

TEST_F(Hostile, ExitsWithAnEventAtHand) {
  expect_loss("exit-0-with-event", "crash", "exit 0");
}
TEST_F(Hostile, EndsAndNobodySawAtWhichEvent) {
  strange("ends-unseen");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return !second.losses.empty(); })) << lines_text();
  const model::WorkerLoss& loss = source.losses.front();
  EXPECT_EQ(loss.frame, FrameId{1}) << "the frame that it was at";
  EXPECT_EQ(loss.index, std::nullopt);
  EXPECT_EQ(second.losses.front().frame, FrameId{1}) << "which is another source's";
}

TEST_F(Hostile, ClosesItsSocket) {
  expect_loss("close-socket", "crash", "closed its socket");
}
TEST_F(Hostile, SendsGarbage) {
  expect_loss("garbage", "crash", "protocol error");
}
TEST_F(Hostile, SendsAFrameOf2GiB) {
  expect_loss("huge", "crash", "a frame of 2147483648 bytes");
}
TEST_F(Hostile, ContradictsItsFrame) {
  expect_loss("contradiction", "crash", "protocol error: a result that contradicts its frame");
  EXPECT_EQ(source.done, 0U);
  EXPECT_TRUE(source.out.empty()) << "the event is the dispatcher's again";
}

TEST_F(Hostile, HangsUntilItsTimeIsOver) {
  function.timeout = std::chrono::milliseconds(200);
  expect_loss("hang", "timeout", "timeout after 200ms");
  EXPECT_EQ(pool->stats().timed_out, 1U);
}

TEST_F(Hostile, IgnoringSigtermDoesNotHelp) {
  function.timeout = std::chrono::milliseconds(200);
  expect_loss("ignore-sigterm", "timeout", "timeout");
}

TEST_F(Hostile, ItsChildrenGoWithIt) {
  expect_loss("children", "crash", "exit 1");
  EXPECT_TRUE(run_until([&] { return gone(child_pid()); }));
}

TEST_F(Hostile, ItsChildrenGoWithATimeOut) {
  function.timeout = std::chrono::milliseconds(200);
  expect_loss("hang-with-children", "timeout", "timeout");
  EXPECT_TRUE(run_until([&] { return gone(child_pid()); }));
}

TEST_F(Hostile, SoDoChildrenInASessionOfTheirOwn) {
  for (const char* mode : {"hang-with-session", "session"}) {
    SCOPED_TRACE(mode);
    lines.clear();
    source.losses.clear();
    function.timeout = std::chrono::milliseconds(300);
    expect_loss(mode, mode == std::string("session") ? "crash" : "timeout", "");
    EXPECT_TRUE(run_until([&] { return gone(child_pid()); })) << lines_text();
  }
}

TEST_F(Hostile, SoDoOrphansInASessionOfTheirOwn) {
  function.timeout = std::chrono::milliseconds(300);
  expect_loss("hang-with-orphan", "timeout", "timeout");
  EXPECT_TRUE(run_until([&] { return gone(child_pid()); })) << lines_text();
}

TEST_F(Hostile, SoTheyDoWhenTheWorkerIsRetired) {
  function.timeout = std::chrono::seconds(5);
  strange("answer-with-session");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return source.done == 1 && !lines.empty(); })) << lines_text();
  ASSERT_TRUE(stop());
  EXPECT_TRUE(gone(child_pid())) << lines_text();
}

TEST_F(Hostile, AFloodOfLinesIsDroppedAndCounted) {
  strange("flood");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  ASSERT_TRUE(stop());
  EXPECT_LT(lines.size(), 20'000U);
  EXPECT_NE(lines_text().find("lines dropped"), std::string::npos);
}

TEST_F(Hostile, ALongLineIsCut) {
  strange("long-line");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return source.done == 1 && !lines.empty(); }));
  EXPECT_LT(lines.front().size(), 9000U);
}

TEST_F(Hostile, AnswersForAnUnknownFrame) {
  strange("unknown-frame");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(Hostile, AnswersTwice) {
  strange("answers-twice");
  start();
  give({"one", "two"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
}

TEST_F(Hostile, WritesByteByByte) {
  strange("byte-by-byte");
  start();
  for (std::size_t n = 1; n <= 3; ++n) {
    give({"event"});
    ASSERT_TRUE(run_until([&] { return source.done == n; }));
  }
}

TEST_F(Hostile, ExitsBeforeItIsReady) {
  strange("exit-early");
  start();
  const auto begin = std::chrono::steady_clock::now();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return pool->stats().started == 3; })) << "tried again";
  // 200 ms before the second one, 400 ms before the third one.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(600));
  EXPECT_EQ(pool->stats().start_failures, 2U);
  EXPECT_EQ(pool->stats().crashed, 0U);
  const std::string why = pool->stats().start_error.value_or("");
  EXPECT_NE(why.find("ended (exit 0) before it was ready\nnot today"), std::string::npos) << why;
  EXPECT_TRUE(source.losses.empty()) << "no attempt is used up";
  EXPECT_EQ(source.waiting.size(), 1U);
  EXPECT_TRUE(source.frame_sizes.empty()) << "it never had the event";
}

TEST_F(Hostile, NeverReady) {
  function.timeout = std::chrono::seconds(1);  // which the look at the clock goes by
  function.start_timeout = std::chrono::milliseconds(300);
  strange("never-ready");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_failures == 1; })) << lines_text();
  const std::string why = pool->stats().start_error.value_or("");
  EXPECT_NE(why.find("not ready after 300ms\nreading a large model"), std::string::npos) << why;
  EXPECT_TRUE(source.losses.empty()) << "no attempt is used up";
  EXPECT_EQ(source.waiting.size(), 1U) << "it never had the event";
}

TEST_F(Hostile, SeesNeitherOurVariablesNorOurFiles) {
  ::setenv("PELTON_TEST_SECRET", "x", 1);
  // Opened by a library without a thought of exec, at the lowest free number and at a high one.
  const UniqueFd leaks(::open("/dev/null", O_RDONLY));
  const UniqueFd far(::fcntl(leaks.get(), F_DUPFD, 900));
  ASSERT_TRUE(leaks && far);
  strange("environment");
  start();
  give({"event"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  ASSERT_TRUE(stop());
  const std::string text = lines_text();
  EXPECT_EQ(text.find("PELTON_TEST_SECRET"), std::string::npos);
  EXPECT_NE(text.find("env MODE"), std::string::npos);
  EXPECT_NE(text.find("env PATH"), std::string::npos);
  std::vector<int> open;
  for (const std::string& line : lines)
    if (line.starts_with("fd ")) open.push_back(std::stoi(line.substr(3)));
  // Its own, and nothing else; the folder that it lists is closed before it looks.
  EXPECT_EQ(open, (std::vector<int>{0, 1, 2, 3, 4})) << text;
}

}  // namespace
}  // namespace pelton::worker
