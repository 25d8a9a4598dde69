// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/native/native_session.h"

#include "engine/model/batch_builder.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <pelton/v1/worker.pb.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cstring>

namespace pelton::worker::native {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// A session whose process is the test.
class Session : public ::testing::Test, public SessionEvents {
 protected:
  Session() : session(WorkerSetup{io, function, "f-1", ""}, {"/code", "m:h"}) {
    function.name = "f";
    LaunchPlan plan;
    EXPECT_TRUE(session.open(plan));
    EXPECT_EQ(plan.environment["PELTON_FD"], "3");
    EXPECT_EQ(plan.environment["PELTON_PROGRESS_FD"], "4");
    socket = std::move(plan.descriptors.at(0));
    page = static_cast<std::uint64_t*>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, plan.descriptors.at(1).get(), 0));
    EXPECT_NE(page, MAP_FAILED);
    EXPECT_TRUE(session.start(*this, 0));
  }
  ~Session() override { ::munmap(page, 4096); }

  // The process sends a message.
  void send(const v1::ToEngine& message) { send_raw(message.SerializeAsString()); }
  void send_raw(const std::string& body) {
    const auto length = static_cast<std::uint32_t>(body.size());
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &length, 4);
    bytes += body;
    ASSERT_EQ(::send(socket.get(), bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
    io.restart();
    io.run_one();
    io.poll();
  }
  void send_ready(bool gives_back = false) {
    v1::ToEngine message;
    message.mutable_ready()->set_protocol(1);
    message.mutable_ready()->set_gives_back(gives_back);
    send(message);
  }
  // The last of its frame: the events behind these come back.
  void send_end(std::uint64_t frame, std::uint32_t first, std::uint32_t count) {
    v1::ToEngine message;
    message.mutable_result()->set_frame(frame);
    message.mutable_result()->set_first(first);
    message.mutable_result()->set_count(count);
    message.mutable_result()->set_gives_back(true);
    send(message);
  }
  // The process is at that event.
  void at(std::uint64_t frame, std::uint64_t index) {
    page[0] = frame;
    page[1] = index + 1;
  }
  // What is taken back at that time, as "frame:first ".
  std::string taken(std::chrono::milliseconds time) {
    std::string text;
    for (const Tail& tail : session.take_back(start + time, std::chrono::milliseconds(20)))
      text += fmt::format("{}:{} ", tail.frame.value, tail.first);
    return text;
  }
  std::string limits() const {
    return fmt::format("{}:{} {}:{}", page[256], page[257], page[258], page[259]);
  }
  void send_result(std::uint64_t frame, std::uint32_t count) {
    v1::ToEngine message;
    message.mutable_result()->set_frame(frame);
    message.mutable_result()->set_count(count);
    send(message);
  }
  // What the process got, one message.
  v1::ToWorker receive() {
    io.poll();
    std::uint32_t length = 0;
    EXPECT_EQ(::recv(socket.get(), &length, 4, MSG_WAITALL), 4);
    std::string body(length, '\0');
    EXPECT_EQ(::recv(socket.get(), body.data(), length, MSG_WAITALL), length);
    v1::ToWorker message;
    EXPECT_TRUE(message.ParseFromString(body));
    return message;
  }
  void invoke(std::uint64_t id, std::size_t events) {
    model::BatchBuilder builder;
    for (std::size_t i = 0; i < events; ++i) builder.add(model::EventView{});
    model::Frame frame;
    frame.id = FrameId{id};
    frame.stream = "s";
    frame.binding = "b";
    frame.batch = builder.finish();
    session.invoke(frame);
  }

  void ready(bool) override { said += "ready "; }
  void start_failed(std::string why, std::string stack) override {
    said += "failed " + why + " " + stack;
  }
  void answered(FrameId frame, model::FrameResult&& result) override {
    said += fmt::format("{}:{} ", frame.value, result.count);
  }
  void gave_back(const Tail& tail) override {
    said += fmt::format("back {}:{} ", tail.frame.value, tail.first);
  }
  void broken(std::string what) override { said += "broken " + what; }
  void logged(std::string_view) override {}
  void hung_up() override { said += "hung up"; }
  void at_rest() override { said += "at rest"; }

  const Clock::time_point start{std::chrono::seconds(100)};
  boost::asio::io_context io{1};
  config::Function function;
  NativeSession session;
  UniqueFd socket;
  std::uint64_t* page = nullptr;
  std::string said;
};

TEST_F(Session, TakesTwoFramesOnceItIsReady) {
  EXPECT_EQ(receive().start().worker(), "f-1");
  EXPECT_EQ(session.room(), 0U);
  send_ready();
  EXPECT_EQ(session.room(), 2U);
  invoke(7, 3);
  invoke(8, 1);
  EXPECT_EQ(session.room(), 0U);
  EXPECT_EQ(receive().invoke().frame(), 7U);
  EXPECT_EQ(receive().invoke().events().count(), 1U);
  send_result(7, 2);
  EXPECT_EQ(session.room(), 0U) << "one event of it has no answer";
  send_result(7, 1);
  EXPECT_EQ(session.room(), 1U);
  EXPECT_EQ(said, "ready 7:2 7:1 ");
}

TEST_F(Session, SeesWhatHasBegunAndSinceWhen) {
  send_ready();
  invoke(7, 3);
  const Clock::time_point early{std::chrono::seconds(100)};
  EXPECT_TRUE(session.begun(early).empty());
  page[0] = 7;
  page[1] = 2;
  const auto late = early + std::chrono::seconds(1);
  ASSERT_EQ(session.begun(late).size(), 1U);
  const auto begun = session.begun(late + std::chrono::seconds(5)).at(0);
  EXPECT_EQ(begun.frame, FrameId{7});
  EXPECT_EQ(begun.index, 1U);
  EXPECT_EQ(begun.since, late);
  page[1] = 0;
  EXPECT_TRUE(session.begun(late).empty());
  EXPECT_FALSE(session.cancel(begun)) << "the protocol has no way to";
}

TEST_F(Session, BelievesWhenAnEventBeganWithinWhatItSaw) {
  send_ready();
  invoke(7, 3);
  session.begun(start);
  at(7, 0);
  page[2] =
      static_cast<std::uint64_t>((start + std::chrono::seconds(1)).time_since_epoch().count());
  EXPECT_EQ(session.begun(start + std::chrono::seconds(3)).at(0).since,
            start + std::chrono::seconds(1));
  at(7, 1);
  page[2] = static_cast<std::uint64_t>((start + std::chrono::hours(1)).time_since_epoch().count());
  EXPECT_EQ(session.begun(start + std::chrono::seconds(4)).at(0).since,
            start + std::chrono::seconds(4))
      << "a time to come";
  at(7, 2);
  page[2] = 1;
  EXPECT_EQ(session.begun(start + std::chrono::seconds(5)).at(0).since,
            start + std::chrono::seconds(4))
      << "it had not begun then";
}

TEST_F(Session, SeesEveryInvocationThatHasBegun) {
  send_ready();
  invoke(7, 3);
  page[0] = page[8] = 7;
  page[1] = 1;
  page[9] = 2;
  page[11] = 2;
  const auto begun = session.begun(start);
  ASSERT_EQ(begun.size(), 2U);
  EXPECT_EQ(begun[0].count, 1U);
  EXPECT_EQ(begun[1].index, 1U);
  EXPECT_EQ(begun[1].count, 2U);
}

TEST_F(Session, TakesBackWhatWaitsBehindASlowEvent) {
  send_ready(true);
  invoke(7, 3);
  invoke(8, 2);
  at(7, 0);
  EXPECT_EQ(taken(0ms), "");
  EXPECT_EQ(taken(19ms), "");
  EXPECT_EQ(limits(), "0:0 0:0");
  EXPECT_EQ(taken(20ms), "") << "the worker may be about to begin the next one";
  EXPECT_EQ(limits(), "7:1 8:0");
  EXPECT_EQ(taken(21ms), "");
  EXPECT_EQ(taken(30ms), "7:1 8:0 ");
  EXPECT_EQ(taken(40ms), "") << "once is enough";
  EXPECT_EQ(session.room(), 0U) << "it would only wait there";
}

TEST_F(Session, IsGivenMoreOnceTheWorkerHasPassedWhatWasTaken) {
  send_ready(true);
  invoke(7, 3);
  invoke(8, 2);
  at(7, 0);
  taken(0ms);
  taken(20ms);
  taken(30ms);
  said.clear();
  send_end(7, 0, 1);
  EXPECT_EQ(session.room(), 0U) << "the limit of the second frame is still needed";
  send_end(8, 0, 0);
  EXPECT_EQ(session.room(), 2U);
  EXPECT_EQ(said, "7:1 ") << "what was taken does not come back a second time";
  EXPECT_EQ(limits(), "0:0 0:0");
}

TEST_F(Session, AWorkerThatAnswersForWhatWasTakenIsBroken) {
  send_ready(true);
  invoke(7, 3);
  invoke(8, 2);
  at(7, 0);
  taken(0ms);
  taken(20ms);
  taken(30ms);
  said.clear();
  send_end(7, 0, 1);
  send_result(8, 2);
  EXPECT_EQ(said, "7:1 broken a result for events that were taken back");
}

TEST_F(Session, AnEventThatBeganMeanwhileIsTheWorkers) {
  send_ready(true);
  invoke(7, 3);
  at(7, 0);
  taken(0ms);
  EXPECT_EQ(taken(20ms), "");
  at(7, 1);
  EXPECT_EQ(taken(30ms), "") << "this one has only begun";
  EXPECT_EQ(taken(50ms), "") << "now it is asked for what is behind it";
  EXPECT_EQ(limits(), "7:2 0:0");
  EXPECT_EQ(taken(60ms), "7:2 ");
}

TEST_F(Session, AWorkerThatSeesTheLimitFirstGivesTheRestBack) {
  send_ready(true);
  invoke(7, 3);
  at(7, 0);
  taken(0ms);
  taken(20ms);
  said.clear();
  send_end(7, 0, 1);
  EXPECT_EQ(said, "7:1 back 7:1 ");
  EXPECT_EQ(session.room(), 2U);
}

TEST_F(Session, ACallWithTheWholeFrameKeepsIt) {
  send_ready(true);
  invoke(7, 3);
  at(7, 0);
  page[3] = 3;
  taken(0ms);
  taken(20ms);
  EXPECT_EQ(taken(30ms), "");
}

TEST_F(Session, NothingIsTakenFromAProcessThatKnowsNoLimits) {
  send_ready(false);
  invoke(7, 3);
  at(7, 0);
  taken(0ms);
  taken(20ms);
  EXPECT_EQ(taken(30ms), "");
  EXPECT_EQ(limits(), "0:0 0:0");
}

TEST_F(Session, AResultOfNothingIsPassedOnUnlessItEndsItsFrame) {
  send_ready(true);
  invoke(7, 3);
  said.clear();
  send_result(7, 0);
  EXPECT_EQ(said, "7:0 ") << "for the dispatcher to refuse";
}

TEST_F(Session, AProcessThatCannotServeSaysWhy) {
  v1::ToEngine message;
  message.mutable_start_failed()->set_type("ImportError");
  message.mutable_start_failed()->set_message("no module x");
  message.mutable_start_failed()->set_stack("line 3");
  send(message);
  EXPECT_EQ(said, "failed ImportError: no module x line 3");
  EXPECT_EQ(session.room(), 0U);
}

TEST_F(Session, WhatIsNotTheProtocolIsBroken) {
  send_result(7, 1);
  EXPECT_EQ(said, "broken a result of a worker that is not ready");
  send_ready();
  EXPECT_EQ(session.room(), 0U) << "nothing further is read";
}

TEST_F(Session, ASecondStartIsBroken) {
  send_ready();
  send_ready();
  EXPECT_EQ(said, "ready broken a second start");
}

TEST_F(Session, AFrameThatIsTooLongIsBroken) {
  const std::uint32_t length = (64U << 20) + 1;
  ASSERT_EQ(::send(socket.get(), &length, 4, 0), 4);
  io.restart();
  while (said.empty() && io.run_one() > 0) {
  }
  EXPECT_NE(said.find("broken a frame of 67108865 bytes"), std::string::npos) << said;
}

TEST_F(Session, TheEndOfItsInputIsSeenByTheProcess) {
  receive();
  session.end_input();
  io.poll();
  char byte = 0;
  EXPECT_EQ(::recv(socket.get(), &byte, 1, 0), 0);
  socket.reset();
  io.restart();
  while (said.empty() && io.run_one() > 0) {
  }
  EXPECT_EQ(said, "hung up");
}

TEST_F(Session, TheProcessCannotShortenItsPage) {
  LaunchPlan plan;
  NativeSession other(WorkerSetup{io, function, "f-2", ""}, {});
  ASSERT_TRUE(other.open(plan));
  EXPECT_EQ(::ftruncate(plan.descriptors.at(1).get(), 0), -1);
}

}  // namespace
}  // namespace pelton::worker::native
