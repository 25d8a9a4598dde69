// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/call_records.h"

#include "engine/model/batch_builder.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr WorkerId kOne{1};
constexpr WorkerId kTwo{2};
const WallTime kNow = from_us(1'700'000'000'123'456);

model::BatchPtr event(std::string_view data, std::string_view id = "r-1") {
  model::EventView view;
  view.id = id;
  view.data = data;
  model::BatchBuilder builder;
  builder.add(view);
  return builder.finish();
}

class Records : public testing::Test {
 protected:
  model::Frame frame(std::uint64_t id, std::uint32_t attempt = 1) {
    model::Frame made;
    made.id = FrameId{id};
    made.batch = event(R"({"n":1})");
    made.attempts = {attempt};
    return made;
  }
  model::FrameResult done(const model::BatchPtr& outputs) {
    model::FrameResult result;
    result.count = 1;
    result.outputs = outputs;
    return result;
  }
  static model::DeadLetter letter(const std::string& reason) {
    model::DeadLetter made;
    made.reason = reason;
    made.time = kNow;
    made.event = event("not json");
    made.retry.attempts = 3;
    model::Attempt attempt;
    attempt.type = "ValueError";
    attempt.message = "no";
    made.retry.history.push_back(attempt);
    return made;
  }
  CallRecords records{
      {"arn:f", std::chrono::seconds(1), true, model::OutputStream{"failed", StreamId{7}, 2}}};
};

TEST_F(Records, OfASuccessReplaceItsOutputs) {
  records.given(kOne, frame(1, 2));
  auto result = done(event("[2]"));
  records.finished(FrameId{1}, result, kNow);
  ASSERT_NE(result.outputs, nullptr);
  EXPECT_EQ(result.outputs->id(0), "r-1");
  EXPECT_EQ(result.outputs->data(0),
            R"({"version":"1.0","timestamp":"2023-11-14T22:13:20.123Z",)"
            R"("requestContext":{"requestId":"r-1","functionArn":"arn:f:$LATEST",)"
            R"("condition":"Success","approximateInvokeCount":2},"requestPayload":{"n":1},)"
            R"("responseContext":{"statusCode":200,"executedVersion":"$LATEST"},)"
            R"("responsePayload":[2]})");
}

TEST_F(Records, OfASuccessWithoutAnswerAndOfAText) {
  records.given(kOne, frame(1));
  auto nothing = done(nullptr);
  records.finished(FrameId{1}, nothing, kNow);
  EXPECT_THAT(std::string(nothing.outputs->data(0)), HasSubstr(R"("responsePayload":null)"));
  records.given(kOne, frame(2));
  auto text = done(event("a text"));
  records.finished(FrameId{2}, text, kNow);
  EXPECT_THAT(std::string(text.outputs->data(0)), HasSubstr(R"("responsePayload":"a text")"));
}

TEST_F(Records, HaveMillisecondsInAnyCase) {
  records.given(kOne, frame(1));
  auto result = done(nullptr);
  records.finished(FrameId{1}, result, from_us(1'700'000'000'000'999));
  EXPECT_THAT(std::string(result.outputs->data(0)), HasSubstr("2023-11-14T22:13:20.000Z"));
}

TEST_F(Records, AreNotOfFailedAttemptsOrWorkersThatAreGone) {
  records.given(kOne, frame(1));
  auto failed = done(nullptr);
  failed.not_done.emplace_back();
  records.finished(FrameId{1}, failed, kNow);
  EXPECT_EQ(failed.outputs, nullptr);
  records.given(kOne, frame(2));
  records.given(kTwo, frame(3));
  records.given(kTwo, frame(4));
  records.lost(kOne);
  records.gave_back(FrameId{4});
  for (const std::uint64_t gone : {2U, 4U, 99U}) {
    auto late = done(nullptr);
    records.finished(FrameId{gone}, late, kNow);
    EXPECT_EQ(late.outputs, nullptr) << gone;
  }
  auto other = done(nullptr);
  records.finished(FrameId{3}, other, kNow);
  EXPECT_NE(other.outputs, nullptr);
}

TEST_F(Records, WordTimeOutsAndDeadWorkersAsAwsDoes) {
  model::Transaction transaction;
  transaction.dead_letters = {letter("attempts"), letter("worker_killer")};
  model::Attempt& late = transaction.dead_letters[0].retry.history.back();
  late.cause = "timeout";
  late.type = "timeout after 1s";
  model::Attempt& killed = transaction.dead_letters[1].retry.history.back();
  killed.cause = "crash";
  killed.type = "exit 3";
  records.settle(transaction);
  ASSERT_THAT(transaction.appends, SizeIs(2));
  EXPECT_THAT(std::string(transaction.appends[0].batch->data(0)),
              AllOf(HasSubstr("Error: Task timed out after 1.00 seconds\""),
                    HasSubstr("\"Sandbox.Timedout\"")));
  EXPECT_THAT(std::string(transaction.appends[1].batch->data(0)),
              AllOf(HasSubstr("Error: exit 3\""), HasSubstr("\"Runtime.ExitError\"")));
}

TEST_F(Records, OfFailuresGoWithTheirDeadLetters) {
  model::Transaction transaction;
  transaction.dead_letters = {letter("attempts"), letter("max_age"), letter("attempts")};
  transaction.dead_letters.back().replays = 1;
  records.settle(transaction);
  ASSERT_THAT(transaction.appends, SizeIs(2));
  EXPECT_EQ(transaction.appends[0].to.stream, StreamId{7});
  EXPECT_NE(transaction.appends[0].to.partition, transaction.appends[1].to.partition);
  EXPECT_THAT(std::string(transaction.appends[0].batch->data(0)),
              AllOf(HasSubstr(R"("condition":"RetriesExhausted","approximateInvokeCount":3)"),
                    HasSubstr(R"("functionError":"Unhandled")"),
                    HasSubstr(R"("requestPayload":"not json")"),
                    HasSubstr(R"({"errorMessage":"no","errorType":"ValueError"})")));
  EXPECT_THAT(std::string(transaction.appends[1].batch->data(0)), HasSubstr("EventAgeExceeded"));
}

TEST(NoRecords, WhereNobodyWantsThem) {
  CallRecords none({"arn:f", std::chrono::seconds(1), false, {}});
  model::Frame frame;
  frame.id = FrameId{1};
  frame.batch = event("1");
  none.given(kOne, frame);
  model::FrameResult result;
  result.count = 1;
  none.finished(FrameId{1}, result, kNow);
  EXPECT_EQ(result.outputs, nullptr);
  model::Transaction transaction;
  transaction.dead_letters.emplace_back();
  none.settle(transaction);
  EXPECT_THAT(transaction.appends, IsEmpty());
}

}  // namespace
}  // namespace pelton::runtime
