// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/durable_results.h"

#include "tests/unit/http/stored_call.h"

#include <gmock/gmock.h>

namespace pelton::runtime {
namespace {

using testing::ElementsAre;

constexpr WorkerId kCaller{1};
const WallTime kStoredAt = from_us(1'700'000'000'000'000);

model::BatchPtr events(const std::vector<std::string>& data) {
  model::BatchBuilder builder;
  for (const std::string& one : data) {
    model::EventView event;
    event.id = "r-1";
    event.data = one;
    builder.add(event);
  }
  return builder.finish();
}

class Durable : public testing::Test {
 protected:
  model::FrameResult finish(model::FrameResult result) {
    model::Frame frame;
    frame.id = FrameId{5};
    frame.batch = http::stored_call(events({"{}"})->event(0), http::RequestKey{"k", {1, 2}},
                                    config::Exchange::native);
    results.given(kCaller, frame);
    result.count = 1;
    results.finished(frame.id, result, kStoredAt);
    return result;
  }

  DurableResults results{{"r.results", StreamId{9}, 1}, nullptr};
};

TEST_F(Durable, AResponseTakesThePlaceOfTheOutput) {
  model::FrameResult result;
  result.outputs = events({"hello"});
  result = finish(std::move(result));
  ASSERT_EQ(result.outputs->size(), 1U);
  EXPECT_EQ(result.outputs->data(0), "hello");
  EXPECT_EQ(result.outputs->type(0), "http.response");
  EXPECT_EQ(http::stored_response(*result.outputs, 0).status, 200U);
  EXPECT_EQ(http::request_key(*result.outputs, 0)->key, "k");
}

TEST_F(Durable, ACallWithoutOutputsHasAResponse) {
  const model::FrameResult result = finish({});
  ASSERT_TRUE(result.outputs);
  EXPECT_EQ(http::stored_response(*result.outputs, 0).status, 204U);
}

TEST_F(Durable, OutputsForOtherStreamsAreStoredWithIt) {
  model::FrameResult result;
  result.outputs = events({"paid", "answer", "lost", "mail"});
  result.streams = {"paid", "mail"};
  result.output_streams = {1, 0, 0, 2};
  result = finish(std::move(result));
  ASSERT_EQ(result.outputs->size(), 3U);
  EXPECT_EQ(result.outputs->data(0), "answer");
  EXPECT_EQ(result.outputs->data(1), "paid");
  EXPECT_EQ(result.outputs->data(2), "mail");
  EXPECT_THAT(result.output_streams, ElementsAre(0, 1, 2));
  EXPECT_THAT(result.output_parents, ElementsAre(0, 0, 0));
}

TEST_F(Durable, AFailedAttemptHasNoResult) {
  model::FrameResult result;
  result.not_done.emplace_back();
  EXPECT_FALSE(finish(std::move(result)).outputs);
}

TEST_F(Durable, ADeadLetterHasOneResult) {
  model::DeadLetter letter;
  letter.event =
      http::stored_call(events({"{}"})->event(0), std::nullopt, config::Exchange::gateway_v2);
  letter.time = kStoredAt;
  letter.retry.history.emplace_back();
  model::Transaction transaction;
  transaction.dead_letters = {letter};
  letter.retry.history.back().cause = "timeout";
  transaction.dead_letters.push_back(letter);
  letter.replays = 1;
  transaction.dead_letters.push_back(letter);
  results.settle(transaction);
  ASSERT_EQ(transaction.appends.size(), 2U) << "none of one that was replayed";
  EXPECT_EQ(transaction.appends[0].to.stream, StreamId{9});
  EXPECT_EQ(http::stored_response(*transaction.appends[0].batch, 0).status, 500U);
  EXPECT_EQ(http::stored_response(*transaction.appends[1].batch, 0).status, 504U);
}

}  // namespace
}  // namespace pelton::runtime
