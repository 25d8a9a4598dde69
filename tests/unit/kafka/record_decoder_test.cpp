// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/record_decoder.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

model::BatchPtr event_of(const RawRecord& record) {
  model::BatchBuilder builder;
  RecordDecoder("kafka:orders").add(record, builder);
  return builder.finish();
}

RawRecord cloud_event() {
  return {"k",
          "v",
          {{"ce_specversion", "1.0"}, {"ce_id", "i"}, {"ce_source", "/s"}, {"ce_type", "t"}},
          1,
          {}};
}

TEST(Record, InBinaryModeIsACloudEvent) {
  const auto event = event_of(cloud_event());
  EXPECT_EQ(event->id(0), "i");
  EXPECT_EQ(event->source(0), "/s");
  EXPECT_EQ(event->type(0), "t");
  EXPECT_TRUE(event->headers(0).empty());
  EXPECT_FALSE(holds_record(*event, 0));
}

TEST(Record, ThatLacksWhatACloudEventNeedsIsAPlainOne) {
  for (std::size_t i = 0; i < 4; ++i) {
    RawRecord record = cloud_event();
    record.headers.erase(record.headers.begin() + static_cast<std::ptrdiff_t>(i));
    const auto event = event_of(record);
    EXPECT_EQ(event->id(0), "") << i;
    EXPECT_EQ(event->source(0), "kafka:orders") << i;
    EXPECT_EQ(event->headers(0).size(), 3U) << i;
    EXPECT_TRUE(holds_record(*event, 0)) << i;
  }
}

TEST(Record, KeepsNullsOfKeyAndValue) {
  const auto event = event_of({std::nullopt, std::nullopt, {}, 0, {}});
  EXPECT_FALSE(event->has_key(0));
  EXPECT_FALSE(event->has_data(0));
  const auto empty = event_of({"", "", {}, 0, {}});
  EXPECT_TRUE(empty->has_key(0));
  EXPECT_TRUE(empty->has_data(0));
}

TEST(RecordDecoder, TimesOutOfRangeAreClampedAndNeverWrap) {
  constexpr std::int64_t kLast = 253'402'300'799'999'000;  // 9999-12-31T23:59:59.999Z
  const auto time_of = [](std::int64_t ms) {
    RawRecord record;
    record.value = "v";
    record.time_ms = ms;
    model::BatchBuilder builder;
    RecordDecoder("kafka:orders").add(record, builder);
    return builder.finish()->time_us(0);
  };
  EXPECT_EQ(time_of(1'600'000'000'123), 1'600'000'000'123'000);
  EXPECT_EQ(time_of(1'600'000'000'123'456'789), kLast) << "nanoseconds";
  EXPECT_EQ(time_of(INT64_MAX), kLast);
  EXPECT_EQ(time_of(-1), 0);
  EXPECT_EQ(time_of(INT64_MIN), 0);
}

}  // namespace
}  // namespace pelton::kafka
