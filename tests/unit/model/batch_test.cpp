// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/model/batch_fixture.h"

namespace pelton::model {
namespace {

TEST(Batch, GivesBackWhatWasAdded) {
  const BatchPtr batch = three();
  ASSERT_EQ(batch->size(), 3U);
  EXPECT_EQ(batch->data(0), "one");
  EXPECT_EQ(batch->key(0), "a");
  EXPECT_EQ(batch->type(0), "t");
  EXPECT_EQ(batch->source(0), "");
  EXPECT_EQ(batch->type(1), "other");
  EXPECT_EQ(batch->source(1), "/devices");
  EXPECT_EQ(batch->content_type(1), "text/plain");
  EXPECT_EQ(batch->subject(1), "s");
  EXPECT_EQ(batch->id(1), "id-2");
  EXPECT_EQ(batch->time_us(2), 5);
  EXPECT_EQ(batch->span(), 3);
}

TEST(Batch, TellsAnEmptyKeyFromNoneAndEmptyDataFromNone) {
  BatchBuilder builder;
  builder.add(event("", ""));
  EventView bare;
  bare.has_data = false;
  builder.add(bare);
  const BatchPtr batch = builder.finish();
  EXPECT_TRUE(batch->has_key(0));
  EXPECT_TRUE(batch->has_data(0));
  EXPECT_FALSE(batch->has_key(1));
  EXPECT_FALSE(batch->has_data(1));
}

TEST(Batch, KeepsHeadersInOrderAndRepeated) {
  const BatchPtr batch = three();
  const std::vector<Header> headers = batch->headers(1);
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].value, "1");
  EXPECT_EQ(headers[1].value, "2");
  EXPECT_EQ(headers[2].name, "empty");
  EXPECT_EQ(headers[2].value, "");
  EXPECT_TRUE(batch->headers(0).empty());
}

TEST(Batch, FindsTheFirstHeaderOfAName) {
  const BatchPtr batch = three();
  std::string_view value = "before";
  EXPECT_FALSE(batch->find_header(1, "H", value));
  EXPECT_FALSE(batch->find_header(0, "h", value));
  EXPECT_EQ(value, "before");
  EXPECT_TRUE(batch->find_header(1, "h", value));
  EXPECT_EQ(value, "1");
}

TEST(Batch, KeepsRandomEvents) {
  std::mt19937 random(11);
  for (int round = 0; round < 200; ++round) {
    BatchBuilder builder;
    std::deque<RandomEvent> events;
    for (std::size_t count = 1 + random() % 30; count > 0; --count) {
      events.emplace_back(random);
      builder.add(events.back().view);
    }
    const BatchPtr batch = builder.finish();
    ASSERT_EQ(batch->size(), events.size());
    for (std::size_t i = 0; i < events.size(); ++i) expect_same(batch->event(i), events[i].view);
  }
}

TEST(Batch, CountsOffsetsFromItsBase) {
  const BatchPtr batch = three();
  EXPECT_TRUE(batch->consecutive());
  EXPECT_EQ(batch->delta(2), 2);
}

TEST(Batch, OffsetsNeedNotBeConsecutive) {
  const BatchPtr from = three();
  BatchBuilder builder;
  builder.add_at(*from, 0, 0);
  builder.add_at(*from, 2, 7);
  const BatchPtr batch = builder.finish();
  EXPECT_FALSE(batch->consecutive());
  EXPECT_EQ(batch->delta(1), 7);
  EXPECT_EQ(batch->span(), 8);
}

TEST(Batch, OffsetsGivenOneByOneMayTurnOutConsecutive) {
  const BatchPtr from = three();
  BatchBuilder builder;
  for (std::uint32_t i = 0; i < 3; ++i) builder.add_at(*from, i, i);
  EXPECT_TRUE(builder.finish()->consecutive());
}

}  // namespace
}  // namespace pelton::model
