// SPDX-License-Identifier: Apache-2.0
// The batch is written and read by own code: here it meets the Protobuf library, both ways.
#include "tests/unit/model/batch_fixture.h"

#include <pelton/v1/batch.pb.h>

namespace pelton::model {
namespace {

v1::EventBatch message_of(const std::string& bytes) {
  v1::EventBatch message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

TEST(BatchAsProtobuf, IsReadByTheLibrary) {
  const v1::EventBatch message = message_of(std::string(three()->bytes()));
  EXPECT_EQ(message.count(), 3U);
  EXPECT_EQ(message.data(), "onetwo");
  EXPECT_EQ(message.data_end(2), 6U);
  EXPECT_EQ(message.dictionary(static_cast<int>(message.type(1))), "other");
  EXPECT_EQ(message.flags(), std::string("\x01\x01\x02", 3));
  EXPECT_EQ(message.time_us(2), 5);
  v1::HeaderSet headers;
  const auto end = message.headers_end();
  ASSERT_TRUE(headers.ParseFromString(message.headers().substr(end[0], end[1] - end[0])));
  ASSERT_EQ(headers.header_size(), 3);
  EXPECT_EQ(headers.header(1).value(), "2");
}

TEST(BatchAsProtobuf, WrittenByTheLibraryIsTheSame) {
  const BatchPtr batch = three();
  const auto again = Batch::parse(message_of(std::string(batch->bytes())).SerializeAsString());
  ASSERT_TRUE(again);
  for (std::size_t i = 0; i < 3; ++i) expect_same((*again)->event(i), batch->event(i));
}

TEST(BatchAsProtobuf, OfRandomEventsGoesBothWays) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    BatchBuilder builder;
    std::deque<RandomEvent> events;
    for (std::size_t n = 1 + random() % 20; n > 0; --n)
      builder.add(events.emplace_back(random).view);
    const auto again = Batch::parse(message_of(builder.encode()).SerializeAsString());
    ASSERT_TRUE(again) << again.error().message;
    for (std::size_t i = 0; i < events.size(); ++i) expect_same((*again)->event(i), events[i].view);
  }
}

TEST(BatchAsProtobuf, UniformColumnsHaveOneEntryAndDefaultsNone) {
  BatchBuilder builder;
  for (int i = 0; i < 100; ++i) builder.add(event("k", "d"));
  const v1::EventBatch message = message_of(builder.encode());
  EXPECT_EQ(message.time_us_size(), 1);
  EXPECT_EQ(message.type_size(), 1);
  EXPECT_EQ(message.flags().size(), 1U);
  EXPECT_EQ(message.source_size(), 0);
  EXPECT_EQ(message.subject_end_size(), 0);
  EXPECT_EQ(message.offset_delta_size(), 0);
  EXPECT_EQ(message.data_end_size(), 100);  // ends never share an entry
}

TEST(BatchAsProtobuf, OneDifferentEventUnfoldsAColumn) {
  BatchBuilder builder;
  for (int i = 0; i < 99; ++i) builder.add(event("k", "d"));
  builder.add(event("k", "d", "another"));
  EXPECT_EQ(message_of(builder.encode()).type_size(), 100);
  EXPECT_EQ(builder.finish()->type(99), "another");
}

TEST(BatchAsProtobuf, FieldsOfALaterVersionAreCarried) {
  std::string bytes(three()->bytes());
  bytes += "\xa2\x06\x03new";  // field 100, bytes
  bytes += "\xa8\x06\x01";     // field 101, varint
  const auto batch = Batch::parse(bytes);
  ASSERT_TRUE(batch);
  EXPECT_EQ((*batch)->data(1), "two");
  EXPECT_EQ((*batch)->bytes(), bytes);
}

}  // namespace
}  // namespace pelton::model
