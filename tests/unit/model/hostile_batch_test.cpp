// SPDX-License-Identifier: Apache-2.0
// A batch from a disk or a worker may be anything: it is refused, or every accessor stays inside
// it.
#include "tests/unit/model/batch_fixture.h"

#include <pelton/v1/batch.pb.h>

#include <functional>

namespace pelton::model {
namespace {

// The batch of three() with something wrong in it.
Result<BatchPtr> with(const std::function<void(v1::EventBatch&)>& spoil) {
  v1::EventBatch message;
  EXPECT_TRUE(message.ParseFromString(std::string(three()->bytes())));
  spoil(message);
  return Batch::parse(message.SerializeAsString());
}

std::string words(const Result<BatchPtr>& refused) {
  EXPECT_FALSE(refused);
  if (refused) return {};
  EXPECT_EQ(refused.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(refused.error().code, "E4001");
  return refused.error().message;
}

TEST(HostileBatch, TruncatedAnywhereIsRefusedOrWhole) {
  const std::string bytes(three()->bytes());
  for (std::size_t length = 0; length < bytes.size(); ++length)
    if (const auto batch = Batch::parse(bytes.substr(0, length))) touch(**batch);
  EXPECT_FALSE(Batch::parse(""));
}

TEST(HostileBatch, MutatedBytesNeverReachOutside) {
  const std::string bytes(three()->bytes());
  std::mt19937 random(7);
  std::size_t refused = 0;
  std::size_t read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string hostile = bytes;
    for (std::size_t i = 1 + random() % 3; i > 0; --i)
      hostile[random() % hostile.size()] = static_cast<char>(random());
    const auto batch = Batch::parse(hostile);
    // A mutated count may claim millions of events without columns; each costs nothing but time.
    if (batch && (*batch)->size() < 10'000)
      read += touch(**batch) > 0;
    else
      ++refused;
  }
  EXPECT_GT(refused, 1000U);
  EXPECT_GT(read, 1000U);
}

TEST(HostileBatch, NoiseIsRefused) {
  std::mt19937 random(13);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string noise(random() % 64, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const auto batch = Batch::parse(noise);
    refused += !batch;
    if (batch && (*batch)->size() < 10'000) touch(**batch);
  }
  // A field of a later version may be all there is to a few of them.
  EXPECT_GT(refused, 19'000);
}

TEST(HostileBatch, NeedsEvents) {
  EXPECT_NE(words(with([](auto& m) { m.set_count(0); })).find("no events"), std::string::npos);
}

TEST(HostileBatch, CannotClaimMoreEventsThanItsColumnsHave) {
  for (const std::uint32_t count : {2U, 4U, 1U << 20, 1U << 30, UINT32_MAX})
    EXPECT_FALSE(with([&](auto& m) { m.set_count(count); })) << count;
  v1::EventBatch bare;
  bare.set_count(UINT32_MAX);
  EXPECT_NE(words(Batch::parse(bare.SerializeAsString())).find("more than 16,777,216 events"),
            std::string::npos);
}

TEST(HostileBatch, EndsAscendWithinTheirBlob) {
  EXPECT_EQ(words(with([](auto& m) { m.set_data_end(1, 2); })),
            "malformed event batch: ends of data do not ascend");
  EXPECT_EQ(words(with([](auto& m) { m.set_data_end(2, 7); })),
            "malformed event batch: ends of data exceed it");
  EXPECT_EQ(words(with([](auto& m) { m.add_data_end(6); })),
            "malformed event batch: ends of data have another length");
  EXPECT_FALSE(with([](auto& m) { m.set_key_end(2, UINT32_MAX); }));
  EXPECT_FALSE(with([](auto& m) { m.set_headers_end(2, UINT32_MAX); }));
}

TEST(HostileBatch, ColumnsHaveNoOneOrAllEntries) {
  EXPECT_FALSE(with([](auto& m) { m.mutable_time_us()->RemoveLast(); }));
  EXPECT_FALSE(with([](auto& m) { m.set_flags("\x01\x01"); }));
  EXPECT_FALSE(with([](auto& m) { m.mutable_type()->RemoveLast(); }));
  EXPECT_FALSE(with([](auto& m) { m.add_offset_delta(0); }));
}

TEST(HostileBatch, WordsComeFromTheDictionary) {
  EXPECT_EQ(words(with([](auto& m) { m.set_type(1, 99); })),
            "malformed event batch: column type points outside the dictionary");
  EXPECT_FALSE(with([](auto& m) { m.clear_dictionary(); }));
}

TEST(HostileBatch, OffsetsAscend) {
  EXPECT_FALSE(with([](auto& m) {
    for (const std::uint32_t delta : {0U, 3U, 3U}) m.add_offset_delta(delta);
  }));
  EXPECT_TRUE(with([](auto& m) {
    for (const std::uint32_t delta : {0U, 3U, UINT32_MAX}) m.add_offset_delta(delta);
  }));
}

TEST(HostileBatch, HeadersThatAreNotAreNone) {
  const auto batch = with([](auto& m) { m.set_headers(std::string(m.headers().size(), '\xff')); });
  ASSERT_TRUE(batch);
  EXPECT_TRUE((*batch)->headers(1).empty());
  std::string_view value;
  EXPECT_FALSE((*batch)->find_header(1, "h", value));
}

}  // namespace
}  // namespace pelton::model
