// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/frame_work.h"

#include <gtest/gtest.h>

namespace pelton::worker::http {
namespace {

// Events by their keys; "-": none.
model::Frame frame_of(const std::string& keys, model::Order order) {
  model::BatchBuilder builder;
  for (const char& key : keys) {
    model::EventView event;
    event.has_key = key != '-';
    event.key = {&key, 1};
    event.data = "data";
    builder.add(event);
  }
  model::Frame frame;
  frame.id = FrameId{7};
  frame.order = order;
  frame.batch = builder.finish();
  return frame;
}

std::string begin_all(FrameWork& work) {
  std::string begun;
  while (const auto index = work.next()) begun += std::to_string(*index);
  return begun;
}

Outcome failed() {
  return failed_exchange({ErrorKind::unavailable, "E", "why"});
}

Outcome with_output(const std::string& data) {
  Outcome outcome;
  outcome.outputs.emplace_back().data = data;
  return outcome;
}

// "2:dfs": from event 2 on one is done, one failed, one skipped; "" for nothing.
std::string told(FrameWork& work) {
  auto result = work.take_result();
  if (!result) return "";
  std::string outcomes(result->count, 'd');
  for (const model::Failure& one : result->not_done)
    outcomes[one.index - result->first] = one.code == model::OutcomeCode::skipped ? 's' : 'f';
  return std::to_string(result->first) + ":" + outcomes;
}

TEST(HttpFrameWorkTest, EventsOfAKeyGoOneAfterAnother) {
  FrameWork work(frame_of("aab-a", model::Order::key));
  EXPECT_EQ(begin_all(work), "023");
  work.ended(2, {});
  EXPECT_EQ(told(work), "") << "in the order of the events";
  EXPECT_EQ(begin_all(work), "");
  work.ended(0, {});
  EXPECT_EQ(begin_all(work), "1");
  EXPECT_EQ(told(work), "0:d");
  work.ended(1, {});
  work.ended(3, {});
  EXPECT_EQ(told(work), "1:ddd");
  EXPECT_FALSE(work.over());
  EXPECT_EQ(begin_all(work), "4");
  work.ended(4, {});
  EXPECT_EQ(told(work), "4:d");
  EXPECT_TRUE(work.over());
}

TEST(HttpFrameWorkTest, BehindAFailureTheKeyIsSkipped) {
  FrameWork work(frame_of("abaa", model::Order::key));
  EXPECT_EQ(begin_all(work), "01");
  work.ended(0, failed());
  EXPECT_EQ(begin_all(work), "");
  work.ended(1, {});
  EXPECT_EQ(told(work), "0:fdss");
  EXPECT_TRUE(work.over());
}

TEST(HttpFrameWorkTest, OrderOfThePartition) {
  FrameWork work(frame_of("ab-", model::Order::partition));
  EXPECT_EQ(begin_all(work), "0");
  work.ended(0, {});
  EXPECT_EQ(begin_all(work), "1");
  work.ended(1, failed());
  EXPECT_EQ(begin_all(work), "");
  EXPECT_EQ(told(work), "0:dfs");
}

TEST(HttpFrameWorkTest, WithoutOrderAllGo) {
  FrameWork work(frame_of("aaa", model::Order::none));
  EXPECT_EQ(begin_all(work), "012");
}

TEST(HttpFrameWorkTest, OutputsHaveTheirEvents) {
  FrameWork work(frame_of("abc", model::Order::none));
  begin_all(work);
  work.ended(2, with_output("two"));
  work.ended(1, {});
  work.ended(0, with_output("zero"));
  EXPECT_GT(work.held_bytes(), 0U);
  const auto result = work.take_result();
  ASSERT_TRUE(result && result->outputs);
  EXPECT_EQ(result->outputs->data(0), "zero");
  EXPECT_EQ(result->outputs->data(1), "two");
  EXPECT_EQ(result->output_parents, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(work.held_bytes(), 0U);
}

TEST(HttpFrameWorkTest, AMegabyteAtATime) {
  FrameWork work(frame_of("abc", model::Order::none));
  begin_all(work);
  for (const std::uint32_t i : {0U, 1U, 2U}) work.ended(i, with_output(std::string(800'000, 'x')));
  EXPECT_EQ(told(work), "0:dd");
  EXPECT_EQ(told(work), "2:d");
}

TEST(HttpFrameWorkTest, GivesTheTailBack) {
  FrameWork work(frame_of("abcd", model::Order::none));
  EXPECT_EQ(work.next(), 0U);
  EXPECT_EQ(work.next(), 1U);
  work.ended(0, {});
  const auto tail = work.give_back();
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->first, 2U);
  EXPECT_EQ(tail->frame, FrameId{7});
  EXPECT_FALSE(work.give_back());
  EXPECT_EQ(work.next(), std::nullopt);
  work.ended(1, {});
  EXPECT_EQ(told(work), "0:dd");
  EXPECT_TRUE(work.over());
}

}  // namespace
}  // namespace pelton::worker::http
