// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"
#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>
#include <pelton/v1/batch.pb.h>

#include <random>

namespace pelton::model {
namespace {

EventView event(std::string_view key, std::string_view data, std::string_view type = "t") {
  EventView view;
  view.has_key = true;
  view.key = key;
  view.data = data;
  view.type = type;
  view.time_us = 1'700'000'000'000'000;
  return view;
}

BatchPtr three() {
  BatchBuilder builder;
  builder.add(event("a", "one"));
  EventView second = event("", "two", "other");
  second.subject = "s";
  second.id = "id-2";
  second.headers = {{"h", "1"}, {"h", "2"}};
  builder.add(second);
  EventView third;
  third.has_data = false;
  third.time_us = 5;
  builder.add(third);
  return builder.finish();
}

TEST(Batch, GivesBackWhatWasAdded) {
  const BatchPtr batch = three();
  ASSERT_EQ(batch->size(), 3U);
  EXPECT_EQ(batch->data(0), "one");
  EXPECT_EQ(batch->key(0), "a");
  EXPECT_EQ(batch->type(1), "other");
  EXPECT_TRUE(batch->has_key(1));  // an empty key is a key
  EXPECT_FALSE(batch->has_key(2));
  EXPECT_FALSE(batch->has_data(2));
  EXPECT_EQ(batch->subject(1), "s");
  EXPECT_EQ(batch->id(1), "id-2");
  ASSERT_EQ(batch->headers(1).size(), 2U);
  EXPECT_EQ(batch->headers(1)[1].value, "2");
  std::string_view value;
  EXPECT_TRUE(batch->find_header(1, "h", value));
  EXPECT_EQ(value, "1");
  EXPECT_FALSE(batch->find_header(0, "h", value));
  EXPECT_EQ(batch->time_us(2), 5);
  EXPECT_EQ(batch->span(), 3);
}

TEST(Batch, IsAProtobufMessage) {
  const BatchPtr batch = three();
  v1::EventBatch message;
  ASSERT_TRUE(message.ParseFromString(std::string(batch->bytes())));
  EXPECT_EQ(message.count(), 3U);
  EXPECT_EQ(message.data(), "onetwo");
  EXPECT_EQ(message.data_end(2), 6U);
  EXPECT_EQ(message.dictionary(message.type(1)), "other");
  const auto again = Batch::parse(message.SerializeAsString());
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->key(0), "a");
  EXPECT_EQ((*again)->headers(1).size(), 2U);
}

TEST(Batch, UniformColumnsHaveOneEntry) {
  BatchBuilder builder;
  for (int i = 0; i < 100; ++i) builder.add(event("k", "d"));
  v1::EventBatch message;
  ASSERT_TRUE(message.ParseFromString(builder.encode()));
  EXPECT_EQ(message.time_us_size(), 1);
  EXPECT_EQ(message.type_size(), 1);
  EXPECT_EQ(message.source_size(), 0);
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

TEST(BatchBuilder, ARangeEqualsItsEvents) {
  const BatchPtr from = three();
  BatchBuilder ranges;
  ranges.add(event("x", "zero"));
  ranges.add_range(*from, 1, 2);
  ranges.add(event("y", "last"));
  const BatchPtr batch = ranges.finish();
  ASSERT_EQ(batch->size(), 4U);
  for (std::size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(batch->data(i), from->data(i));
    EXPECT_EQ(batch->type(i), from->type(i));
    EXPECT_EQ(batch->has_key(i), from->has_key(i));
    EXPECT_EQ(batch->header_bytes(i), from->header_bytes(i));
    EXPECT_EQ(batch->time_us(i), from->time_us(i));
  }
  EXPECT_EQ(batch->data(3), "last");
  EXPECT_EQ(batch->type(3), "t");
}

TEST(SplitByPartition, PutsKeysWhereKafkaWould) {
  BatchBuilder builder;
  for (int i = 0; i < 50; ++i) builder.add(event("key-" + std::to_string(i), std::to_string(i)));
  const auto parts = split_by_partition(builder.finish(), 4, 0);
  std::size_t total = 0;
  for (std::uint32_t p = 0; p < 4; ++p) {
    if (!parts[p]) continue;
    total += parts[p]->size();
    for (std::size_t i = 0; i < parts[p]->size(); ++i)
      EXPECT_EQ(kafka_partition(parts[p]->key(i), 4), p);
  }
  EXPECT_EQ(total, 50U);
}

TEST(SplitByPartition, PassesOnABatchThatStaysTogether) {
  BatchBuilder builder;
  builder.add(event("same", "1"));
  builder.add(event("same", "2"));
  const BatchPtr batch = builder.finish();
  EXPECT_EQ(split_by_partition(batch, 8, 0)[kafka_partition("same", 8)], batch);
}

// Reads everything that a batch claims to have.
std::size_t touch(const Batch& batch) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const EventView view = batch.event(i);
    sum += view.data.size() + view.key.size() + view.type.size() + view.headers.size() +
           view.subject.size();
    sum += static_cast<std::size_t>(batch.delta(i));
  }
  return sum;
}

TEST(HostileBatch, TruncatedAnywhereIsRefusedOrWhole) {
  const std::string bytes(three()->bytes());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    if (const auto batch = Batch::parse(bytes.substr(0, length))) touch(**batch);
}

TEST(HostileBatch, MutatedBytesNeverReachOutside) {
  const std::string bytes(three()->bytes());
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string hostile = bytes;
    for (int i = 0; i < 3; ++i) hostile[random() % hostile.size()] = static_cast<char>(random());
    if (const auto batch = Batch::parse(hostile))
      touch(**batch);
    else
      ++refused;
  }
  EXPECT_GT(refused, 1000U);
}

TEST(HostileBatch, EndsThatDoNotAscendAreRefused) {
  v1::EventBatch message;
  message.set_count(2);
  message.set_data("abc");
  message.add_data_end(3);
  message.add_data_end(1);
  EXPECT_EQ(Batch::parse(message.SerializeAsString()).error().kind, ErrorKind::corrupt);
  message.set_data_end(1, 9);
  EXPECT_FALSE(Batch::parse(message.SerializeAsString()));
  message.set_count(1U << 30);
  EXPECT_FALSE(Batch::parse(message.SerializeAsString()));
}

}  // namespace
}  // namespace pelton::model
