// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace pelton {
namespace {

// The vectors of Kafka's own test of Utils.murmur2.
TEST(Murmur2, IsKafkas) {
  const std::pair<const char*, std::int32_t> vectors[] = {
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107}};
  for (const auto& [text, hash] : vectors)
    EXPECT_EQ(static_cast<std::int32_t>(murmur2(text)), hash) << text;
}

TEST(Murmur2, ReadsBytesAsUnsignedWhereverTheyStand) {
  const std::string text = "\xff\xfe\xfd\xfc\xfb\xfa\xf9";
  const std::string shifted = "x" + text;
  for (std::size_t length = 0; length <= text.size(); ++length)
    EXPECT_EQ(murmur2(std::string_view(shifted).substr(1, length)),
              murmur2(text.substr(0, length)));
}

TEST(KafkaPartition, ClearsTheSignOfTheHash) {
  EXPECT_EQ(kafka_partition("21", 4), (static_cast<std::uint32_t>(-973932308) & 0x7fffffffU) % 4);
  EXPECT_EQ(kafka_partition("abc", 1), 0U);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(kafka_partition("key-" + std::to_string(i), 8));
  EXPECT_EQ(seen.size(), 8U);
  EXPECT_EQ(*seen.rbegin(), 7U);
}

// On disk: what an earlier version wrote must be found by a later one.
TEST(Hash128, IsXxh3) {
  EXPECT_EQ(hash128(""), (Hash128{0x99aa06d3014798d8, 0x6001c324468d497f}));
  EXPECT_NE(hash128("a"), hash128("b"));
  EXPECT_EQ(hash128("order-17"), hash128(std::string("order-17")));
}

}  // namespace
}  // namespace pelton
