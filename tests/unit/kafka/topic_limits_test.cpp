// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/topic_limits.h"

#include "engine/kafka/records/record_size.h"
#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
constexpr std::int64_t kHour = 3'600'000;

TopicLimits limits(std::initializer_list<std::pair<const char*, const char*>> entries) {
  TopicLimits limits;
  for (const auto& [name, value] : entries) limits.take(name, value);
  return limits;
}

RawRecord record(std::size_t bytes, std::int64_t time_ms = 0) {
  RawRecord record;
  record.key = "k";
  record.value = std::string(bytes, 'x');
  record.time_ms = time_ms;
  return record;
}

TEST(TopicLimits, WithoutAnAnswerEverythingIsLetIn) {
  EXPECT_FALSE(TopicLimits().refuses({}, false, kNow));
  EXPECT_FALSE(TopicLimits().refuses(record(200'000'000, 1), false, kNow));
}

TEST(TopicLimits, ASizeIsThatOfTheWholeBatch) {
  const auto thousand = limits({{"max.message.bytes", "1000"}});
  // 61 of the batch, 2 + 3 of the record, 1 + 1 of its key, 2 of the value's length, 1 for no
  // headers.
  EXPECT_FALSE(thousand.refuses(record(929), false, kNow));
  EXPECT_EQ(thousand.refuses(record(930), false, kNow), RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_FALSE(thousand.refuses(record(930), true, kNow)) << "smaller when it arrives";
}

TEST(TopicLimits, HeadersCount) {
  RawRecord with = record(10);
  const auto plain = record_batch_bytes(with);
  with.headers = {{"name", "value"}, {"null", std::nullopt}};
  EXPECT_EQ(record_batch_bytes(with), plain + (1 + 4 + 1 + 5) + (1 + 4 + 1));
}

TEST(TopicLimits, AnEventIsWeighedAsTheRecordThatItBecomes) {
  model::BatchBuilder builder;
  model::EventView event;
  event.id = "7";
  event.source = "/s";
  event.type = "t";
  event.content_type = "text/plain";
  event.data = "\x01\x01\x01\x01";
  event.has_data = true;
  event.headers = {{"a", "1"}, {"b", std::string_view()}};
  builder.add(event);
  const auto batch = builder.finish();
  for (const auto mode : {ContentMode::binary, ContentMode::structured})
    EXPECT_GE(record_batch_bound(mode, *batch, 0), record_batch_bytes(mode, *batch, 0));
  RawRecord same;
  same.value = "\x01\x01\x01\x01";
  same.headers = {{"ce_specversion", "1.0"},
                  {"ce_id", "7"},
                  {"ce_source", "/s"},
                  {"ce_type", "t"},
                  {"content-type", "text/plain"},
                  {"a", "1"},
                  {"b", ""}};
  EXPECT_EQ(record_batch_bytes(ContentMode::binary, *batch, 0), record_batch_bytes(same));
}

TEST(TopicLimits, ACompactedTopicNeedsKeys) {
  RawRecord none;
  none.value = "x";
  for (const char* policy : {"compact", "delete,compact", "compact, delete"})
    EXPECT_EQ(limits({{"cleanup.policy", policy}}).refuses(none, false, kNow),
              RD_KAFKA_RESP_ERR_INVALID_RECORD);
  EXPECT_FALSE(limits({{"cleanup.policy", "delete"}}).refuses(none, false, kNow));
  EXPECT_FALSE(limits({{"cleanup.policy", "compact"}}).refuses(record(1), false, kNow));
}

TEST(TopicLimits, TimesFarOutsideTheirLimits) {
  const auto hours = limits({{"message.timestamp.type", "CreateTime"},
                             {"message.timestamp.before.max.ms", "7200000"},
                             {"message.timestamp.after.max.ms", "3600000"}});
  const auto refused = [&](std::int64_t time) {
    return hours.refuses(record(1, time), false, kNow).has_value();
  };
  EXPECT_TRUE(refused(kNow - 3 * kHour));
  EXPECT_FALSE(refused(kNow - 2 * kHour - 1)) << "the clocks may differ";
  EXPECT_FALSE(refused(kNow + kHour + 1));
  EXPECT_TRUE(refused(kNow + 2 * kHour));
  EXPECT_TRUE(refused(INT64_MAX));
  EXPECT_FALSE(refused(0)) << "none: the client gives it one";
}

TEST(TopicLimits, TimesThatAreNotLimited) {
  const auto always = limits({{"message.timestamp.before.max.ms", "9223372036854775807"},
                              {"message.timestamp.after.max.ms", "9223372036854775807"}});
  EXPECT_FALSE(always.refuses(record(1, 1), false, kNow));
  EXPECT_FALSE(always.refuses(record(1, INT64_MAX), false, kNow));
  const auto brokers = limits(
      {{"message.timestamp.type", "LogAppendTime"}, {"message.timestamp.after.max.ms", "1"}});
  EXPECT_FALSE(brokers.refuses(record(1, INT64_MAX), false, kNow));
}

}  // namespace
}  // namespace pelton::kafka
