// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace pelton {

// Kafka's default partitioner hash (org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c):
// a key lands in the partition where a Kafka producer would put it.
std::uint32_t murmur2(std::string_view bytes);

// partition = toPositive(murmur2(key)) % partitions, as Kafka's DefaultPartitioner computes it.
inline std::uint32_t kafka_partition(std::string_view key, std::uint32_t partitions) {
  return (murmur2(key) & 0x7fffffffU) % partitions;
}

// XXH3, 64 bits: key lanes and in-memory tables. Not stable on disk.
std::uint64_t hash64(std::string_view bytes);

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};
// XXH3, 128 bits: idempotency fingerprints; stored on disk.
Hash128 hash128(std::string_view bytes);

}  // namespace pelton
