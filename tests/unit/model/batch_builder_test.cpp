// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/model/batch_fixture.h"

namespace pelton::model {
namespace {

TEST(BatchBuilder, IsEmptyAgainAfterABatch) {
  BatchBuilder builder;
  builder.add(event("k", "first", "one"));
  const std::string first = builder.encode();
  builder.clear();
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.payload_bytes(), 0U);
  builder.add(event("k", "second", "two"));
  const BatchPtr second = builder.finish();
  EXPECT_EQ(second->size(), 1U);
  EXPECT_EQ(second->type(0), "two");
  builder.add(event("k", "first", "one"));
  EXPECT_EQ(builder.encode(), first);  // nothing of the second is left
}

TEST(BatchBuilder, CountsWhatLimitsCount) {
  BatchBuilder builder;
  builder.add(event("key", "four"));
  EXPECT_EQ(builder.payload_bytes(), 7U);
  EXPECT_EQ(builder.size(), 1U);
}

TEST(BatchBuilder, CopiesEventsOfOtherBatchesWithTheirHeaders) {
  const BatchPtr from = three();
  BatchBuilder builder;
  for (const std::size_t i : {2U, 1U, 1U}) builder.add(*from, i);
  const BatchPtr batch = builder.finish();
  expect_same(batch->event(0), from->event(2));
  expect_same(batch->event(1), from->event(1));
  expect_same(batch->event(2), from->event(1));
}

TEST(BatchBuilder, FaultsAreThoseOfTheirEventsAndNotEncoded) {
  BatchBuilder builder;
  builder.add(event("k", "good"));
  builder.add(event("k", "bad"));
  const std::size_t before = builder.payload_bytes();
  builder.fault({ErrorKind::invalid, "E1", "why"});
  EXPECT_GT(builder.payload_bytes(), before) << "what is kept counts";
  builder.add(event("k", "good"));
  const BatchPtr batch = builder.finish();
  ASSERT_TRUE(batch->has_faults());
  EXPECT_EQ(batch->fault(0), nullptr);
  ASSERT_NE(batch->fault(1), nullptr);
  EXPECT_EQ(batch->fault(1)->message, "why");
  EXPECT_EQ(batch->fault(2), nullptr);
  EXPECT_FALSE((*Batch::parse(std::string(batch->bytes())))->has_faults());
  // Copies keep it, one by one and in ranges, and nothing of it is left for the next batch.
  builder.add(*batch, 1);
  EXPECT_NE(builder.finish()->fault(0), nullptr);
  builder.add(*batch, 0);
  builder.add_range(*batch, 1, 2);
  const BatchPtr range = builder.finish();
  EXPECT_EQ(range->fault(0), nullptr);
  EXPECT_NE(range->fault(1), nullptr);
  builder.add(event("k", "good"));
  EXPECT_FALSE(builder.finish()->has_faults());
}

TEST(BatchBuilder, ARangeEqualsItsEvents) {
  const BatchPtr from = three();
  for (std::size_t first = 0; first < 3; ++first)
    for (std::size_t count = 1; first + count <= 3; ++count) {
      BatchBuilder builder;
      builder.add(event("x", "zero"));
      builder.add_range(*from, first, count);
      builder.add(event("y", "last"));
      const BatchPtr batch = builder.finish();
      ASSERT_EQ(batch->size(), count + 2);
      for (std::size_t i = 0; i < count; ++i)
        expect_same(batch->event(i + 1), from->event(first + i));
      expect_same(batch->event(count + 1), event("y", "last"));
    }
}

TEST(BatchBuilder, RangesOfRandomBatchesEqualTheirEvents) {
  std::mt19937 random(23);
  for (int round = 0; round < 200; ++round) {
    BatchBuilder ranges;
    BatchBuilder one_by_one;
    for (int piece = 0; piece < 4; ++piece) {
      BatchBuilder source;
      std::deque<RandomEvent> events;
      for (std::size_t n = 1 + random() % 12; n > 0; --n)
        source.add(events.emplace_back(random).view);
      const BatchPtr from = source.finish();
      const std::size_t first = random() % from->size();
      const std::size_t count = 1 + random() % (from->size() - first);
      ranges.add_range(*from, first, count);
      for (std::size_t i = first; i < first + count; ++i) one_by_one.add(*from, i);
    }
    const BatchPtr left = ranges.finish();
    const BatchPtr right = one_by_one.finish();
    ASSERT_EQ(left->size(), right->size());
    for (std::size_t i = 0; i < left->size(); ++i) expect_same(left->event(i), right->event(i));
  }
}

TEST(BatchBuilderDeathTest, RefusesWhatItsHeaderForbids) {
  const BatchPtr from = three();
  BatchBuilder builder;
  EXPECT_DEATH(builder.encode(), "an empty batch");
  EXPECT_DEATH(builder.add_range(*from, 2, 2), "range 2\\+2 of a batch of 3");
  builder.add_at(*from, 0, 4);
  EXPECT_DEATH(builder.add(*from, 1), "mixed in one batch");
  EXPECT_DEATH(builder.add_at(*from, 1, 4), "offset deltas ascend");
}

}  // namespace
}  // namespace pelton::model
