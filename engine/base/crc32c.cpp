// SPDX-License-Identifier: Apache-2.0
#include "engine/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace pelton {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    table[i] = value;
  }
  return table;
}
constexpr auto kTable = make_table();

std::uint32_t by_table(std::string_view bytes, std::uint32_t crc) {
  for (const char byte : bytes)
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return crc;
}

#if defined(__x86_64__)

// Three streams at once hide the latency of the instruction; their sums are joined by the table of
// what kLane zero bytes make of a sum.
constexpr std::size_t kLane = 1024;

struct Shift {
  std::array<std::array<std::uint32_t, 256>, 4> table{};
};

Shift make_shift() {
  static const std::array<char, kLane> zeros{};
  Shift shift;
  for (std::size_t byte = 0; byte < 4; ++byte)
    for (std::uint32_t i = 0; i < 256; ++i)
      shift.table[byte][i] = by_table({zeros.data(), zeros.size()}, i << (8 * byte));
  return shift;
}

std::uint32_t shifted(std::uint32_t crc) {
  static const Shift shift = make_shift();
  return shift.table[0][crc & 0xff] ^ shift.table[1][(crc >> 8) & 0xff] ^
         shift.table[2][(crc >> 16) & 0xff] ^ shift.table[3][crc >> 24];
}

std::uint64_t load(const char* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t crc) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (; end - at >= static_cast<std::ptrdiff_t>(3 * kLane); at += 3 * kLane) {
    std::uint64_t a = crc;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < kLane; i += 8) {
      a = _mm_crc32_u64(a, load(at + i));
      b = _mm_crc32_u64(b, load(at + kLane + i));
      c = _mm_crc32_u64(c, load(at + 2 * kLane + i));
    }
    const std::uint32_t ab = shifted(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
    crc = shifted(ab) ^ static_cast<std::uint32_t>(c);
  }
  for (; end - at >= 8; at += 8) crc = static_cast<std::uint32_t>(_mm_crc32_u64(crc, load(at)));
  for (; at != end; ++at) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*at));
  return crc;
}

#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~by_instruction(bytes, ~crc);
#endif
  return ~by_table(bytes, ~crc);
}

}  // namespace pelton
