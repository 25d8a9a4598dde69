// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Reads the fields of an event in order; numbers are little-endian. Past its end it gives zeros and
// empty texts, and bad() says so from then on: a decoder asks once, at the end. Views live as long
// as the bytes.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    const std::string_view taken = bytes(width);
    for (std::size_t i = taken.size(); i-- > 0;)
      value = (value << 8U) | static_cast<std::uint8_t>(taken[i]);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string_view bytes(std::size_t count) {
    if (count > left()) return spoil();
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }
  std::string_view rest() { return bytes(left()); }
  // A number of the protocol's own, which says how long it is.
  std::uint64_t packed() {
    const std::uint8_t first = u8();
    if (first < 0xFB) return first;
    if (first == 0xFC) return number(2);
    if (first == 0xFD) return number(3);
    if (first == 0xFE) return number(8);
    refuse();
    return 0;
  }
  std::string_view packed_text() {
    const std::uint64_t size = packed();
    return size > left() ? spoil() : bytes(static_cast<std::size_t>(size));
  }

  void refuse() { spoil(); }
  bool bad() const { return bad_; }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::string_view spoil() {
    bad_ = true;
    at_ = bytes_.size();
    return {};
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

inline std::uint64_t little_endian(std::string_view bytes) {
  return WireReader(bytes).number(bytes.size());
}

inline std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = (value << 8U) | static_cast<std::uint8_t>(c);
  return value;
}

// Appends the number in `width` bytes, little-endian.
inline void put_number(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace pelton::mysql
