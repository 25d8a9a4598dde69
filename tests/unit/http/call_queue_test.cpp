// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/call_queue.h"

#include "engine/model/batch_builder.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace pelton::http {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr WorkerId kOne{1};
constexpr WorkerId kTwo{2};

model::BatchPtr event(const std::string& data) {
  model::EventView view;
  view.data = data;
  model::BatchBuilder builder;
  builder.add(view);
  return builder.finish();
}

// A connection whose client has gone, or not.
class Body final : public net::RequestBody {
 public:
  void read(Answer<std::string> answer) override { answer(std::string()); }
  net::BodyEnd end() const override { return {{}, gone}; }
  bool gone = false;
};

class Queue : public testing::Test {
 protected:
  void push(const std::string& name, milliseconds patience = std::chrono::hours(1),
            std::shared_ptr<Body> connection = {}) {
    Call call;
    call.function = "f";
    call.binding = "r";
    call.stream = "route/r";
    call.id = name;
    call.event = event(name);
    call.deadline = std::chrono::steady_clock::now() + patience;
    call.connection = std::move(connection);
    call.answer = [this, name](CallAnswer answer) {
      answers.push_back(name + (answer ? *answer ? "=" + std::string((*answer)->data(0)) : "=none"
                                       : "!" + answer.error().type));
    };
    queue.push(std::move(call));
  }
  // What the worker gets; empty: nothing.
  std::string pull(WorkerId worker) {
    auto frame = queue.pull(worker, {});
    if (!frame) return {};
    EXPECT_EQ(frame->batch->size(), 1U);
    last = frame->id;
    return std::string(frame->batch->data(0));
  }
  // A call whose lines and report are kept.
  std::shared_ptr<CallRecord> push_watched(const std::string& name) {
    Call call;
    call.binding = call.stream = "invoke";
    call.event = event(name);
    call.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    call.record = std::make_shared<CallRecord>();
    call.answer = [](const CallAnswer&) {};
    auto record = call.record;
    queue.push(std::move(call));
    return record;
  }
  void write(const std::string& text, FrameId frame) {
    queue.wrote({"f", "f-1", {}, text, {}, {}, frame});
  }
  Status finish(WorkerId worker, FrameId frame, const std::string& output) {
    model::FrameResult result;
    result.count = 1;
    result.outputs = event(output);
    return queue.finished(worker, frame, std::move(result));
  }
  template <typename Condition>
  void run_until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end) io.run_one_for(milliseconds(50));
    EXPECT_TRUE(condition());
  }

  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  CallQueue queue{mailbox, io, {3, 1U << 20}};
  std::vector<std::string> answers;
  FrameId last{};
};

TEST_F(Queue, EachCallIsAFrameThatIsAnsweredOnce) {
  push("a");
  push("b");
  EXPECT_EQ(pull(kOne), "a");
  const FrameId first = last;
  EXPECT_EQ(pull(kTwo), "b");
  EXPECT_FALSE(queue.has_work());
  EXPECT_NE(first, last);
  EXPECT_TRUE(finish(kTwo, last, "B"));
  EXPECT_TRUE(finish(kOne, first, "A"));
  EXPECT_TRUE(finish(kOne, first, "again")) << "late answers are dropped";
  EXPECT_THAT(answers, ElementsAre("b=B", "a=A"));
}

TEST_F(Queue, ACallThatHasNotBegunByItsTimeIsThrottled) {
  for (const char* name : {"taken", "waits"}) {
    Call call;
    call.function = call.binding = call.stream = "f";
    call.event = event(name);
    call.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    call.begin_by = std::chrono::steady_clock::now() + milliseconds(30);
    call.answer = [this, name](const CallAnswer& answer) {
      answers.push_back(fmt::format(
          "{}{}", name,
          !answer && answer.error().kind == CallFailure::Kind::overloaded ? "!overloaded" : ""));
    };
    queue.push(std::move(call));
  }
  EXPECT_EQ(pull(kOne), "taken");
  while (answers.empty()) io.run_one();
  EXPECT_THAT(answers, ElementsAre("waits!overloaded"));
  finish(kOne, last, "1");
  EXPECT_THAT(answers, ElementsAre("waits!overloaded", "taken"));
}

TEST_F(Queue, AFailureIsAnswered) {
  push("a");
  pull(kOne);
  model::FrameResult result;
  result.count = 1;
  result.not_done.emplace_back().type = "ValueError";
  EXPECT_TRUE(queue.finished(kOne, last, std::move(result)));
  EXPECT_THAT(answers, ElementsAre("a!ValueError"));
}

TEST_F(Queue, AResultThatIsNotOneIsRefused) {
  push("a");
  pull(kOne);
  model::FrameResult result;
  result.count = 2;
  EXPECT_FALSE(queue.finished(kOne, last, std::move(result)));
}

TEST_F(Queue, WhatIsTooMuchIsRefused) {
  for (const char* name : {"a", "b", "c", "d"}) push(name);
  EXPECT_THAT(answers, ElementsAre("d!Overloaded"));
  push("e");
  pull(kOne);
  answers.clear();
  push("f");
  EXPECT_THAT(answers, IsEmpty());
}

TEST_F(Queue, OnlyTheCallThatAWorkerHadBegunEndsWithIt) {
  push("a");
  push("b");
  pull(kOne);
  const FrameId first = last;
  pull(kOne);
  model::WorkerLoss loss;
  loss.cause = "crash";
  loss.frame = first;
  loss.index = 0;
  queue.lost(kOne, loss);
  EXPECT_THAT(answers, ElementsAre("a!WorkerCrashed"));
  EXPECT_EQ(pull(kTwo), "b") << "another worker gets it";
}

TEST_F(Queue, WhatIsGivenBackWaitsAgain) {
  push("a");
  pull(kOne);
  const FrameId first = last;
  queue.gave_back(kOne, first, 0);
  EXPECT_EQ(pull(kTwo), "a");
  EXPECT_NE(first, last);
  EXPECT_TRUE(finish(kOne, first, "late"));
  EXPECT_THAT(answers, IsEmpty());
}

TEST_F(Queue, ATimeOutOfTheWorkerIsOneOfTheCall) {
  push("a");
  pull(kOne);
  model::WorkerLoss loss;
  loss.cause = "timeout";
  loss.type = "timeout after 1s";
  loss.frame = last;
  queue.lost(kOne, loss);
  EXPECT_THAT(answers, ElementsAre("a!timeout after 1s"));
}

TEST_F(Queue, DeadlinesEndCallsThatWaitAndThoseUnderWay) {
  push("a", milliseconds(30));
  push("b", milliseconds(30));
  push("c");
  EXPECT_EQ(pull(kOne), "a");
  run_until([&] { return answers.size() == 2; });
  EXPECT_THAT(answers, testing::UnorderedElementsAre("a!Timeout", "b!Timeout"));
  EXPECT_EQ(queue.waiting(), 1U);
}

TEST_F(Queue, ACallWhoseClientHasGoneIsDroppedBeforeItBegins) {
  auto there = std::make_shared<Body>();
  auto gone = std::make_shared<Body>();
  push("a", std::chrono::hours(1), there);
  push("b", std::chrono::hours(1), gone);
  gone->gone = true;
  run_until([&] { return !answers.empty(); });
  EXPECT_THAT(answers, ElementsAre("b!Abandoned"));
  EXPECT_EQ(pull(kOne), "a");
}

TEST_F(Queue, WithoutWorkersNobodyWaits) {
  push("a");
  queue.cannot_start("no such module");
  EXPECT_THAT(answers, ElementsAre("a!WorkerCannotStart"));
}

TEST_F(Queue, AtTheEndWhatWaitsIsAnswered) {
  push("a");
  push("b");
  pull(kOne);
  queue.close();
  push("c");
  EXPECT_THAT(answers, ElementsAre("b!Stopping", "c!Stopping"));
  EXPECT_TRUE(finish(kOne, last, "A")) << "what has begun still ends";
  EXPECT_EQ(answers.back(), "a=A");
}

TEST_F(Queue, ACallThatIsWatchedKeepsItsLinesAndReport) {
  const auto one = push_watched("a");
  write("starting", {});
  EXPECT_TRUE(queue.pull(kOne, {})->watched);
  const FrameId first{model::first_frame_of(BindingId{0xff'ffff}).value + 1};
  const auto two = push_watched("b");
  write("<4>mine", first);
  write("of another frame", FrameId{first.value + 1});
  worker::InvocationReport report;
  report.frame = first;
  report.worker = "f-1";
  queue.reported(report);
  ASSERT_EQ(one->lines.size(), 2U);
  EXPECT_EQ(one->lines[0].text, "starting");
  EXPECT_EQ(one->lines[1].text, "mine");
  EXPECT_EQ(one->lines[1].priority, 4);
  EXPECT_EQ(one->report->worker, "f-1");
  EXPECT_TRUE(two->lines.empty());
  push("unwatched");
  queue.pull(kTwo, {});
  EXPECT_FALSE(queue.pull(kTwo, {})->watched);
}

TEST_F(Queue, OfManyLinesTheLastAreKept) {
  const auto record = push_watched("a");
  const std::string line(100'000, 'x');
  for (int i = 0; i < 30; ++i) write(line, {});
  write("last", {});
  EXPECT_LT(record->lines.size(), 12U);
  EXPECT_EQ(record->lines.back().text, "last");
  EXPECT_EQ(record->lines.size() + record->dropped, 31U);
}

}  // namespace
}  // namespace pelton::http
