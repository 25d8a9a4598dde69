// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hash.h"

#include <xxhash.h>

#include <cstring>

namespace pelton {

// Own code: Kafka's murmur2 is a variant of its own, and no Debian library offers it.
std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t m = 0x5bd1e995;
  constexpr int r = 24;
  std::uint32_t h = 0x9747b28cU ^ static_cast<std::uint32_t>(bytes.size());
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 4; at += 4, left -= 4) {
    std::uint32_t k;
    std::memcpy(&k, at, 4);
    k *= m;
    k ^= k >> r;
    k *= m;
    h *= m;
    h ^= k;
  }
  auto byte = [&](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(at[i])); };
  if (left == 3) h ^= byte(2) << 16;
  if (left >= 2) h ^= byte(1) << 8;
  if (left >= 1) {
    h ^= byte(0);
    h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

std::uint64_t hash64(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Hash128 hash128(std::string_view bytes) {
  const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.high64, h.low64};
}

}  // namespace pelton
