// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::postgres {

// Reads the big-endian fields of a message in order. Past its end it gives zeros and empty texts,
// and bad() says so from then on: a decoder asks once, at the end. Views live as long as the bytes.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}

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
  // Up to a NUL, which is passed over.
  std::string_view text() {
    const std::size_t end = bytes_.find('\0', at_);
    if (end == std::string_view::npos) return spoil();
    const std::string_view taken = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return taken;
  }

  void refuse() { spoil(); }
  bool bad() const { return bad_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::string_view spoil() {
    bad_ = true;
    at_ = bytes_.size();
    return {};
  }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const char c : bytes(width)) value = (value << 8U) | static_cast<std::uint8_t>(c);
    return value;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

// Appends the number in `width` bytes, big-endian.
inline void put_number(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace pelton::postgres
