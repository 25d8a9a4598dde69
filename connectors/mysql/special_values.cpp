// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/special_values.h"

#include "connectors/mysql/wire.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <iterator>

namespace pelton::mysql {
namespace {

constexpr std::size_t kLargestValue = std::size_t{1} << 30U;

}  // namespace

std::string inet_text(std::string_view bytes, std::size_t size) {
  std::array<char, 16> whole{};
  bytes.copy(whole.data(), std::min(size, whole.size()));
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, whole.data(), text.data(), text.size());
  return text.data();
}

// Its five groups of digits lie in the order of their weight, unless the version (a digit of the
// third) or the variant is one of those that sort by themselves.
std::string uuid_text(std::string_view bytes) {
  std::array<std::uint8_t, 16> whole{};
  for (std::size_t i = 0; i < whole.size() && i < bytes.size(); ++i)
    whole[i] = static_cast<std::uint8_t>(bytes[i]);
  // As stored: node (6), clock (2), time high (2), time mid (2), time low (4).
  constexpr std::array<std::size_t, 16> kSwapped{12, 13, 14, 15, 10, 11, 8, 9,
                                                 6,  7,  0,  1,  2,  3,  4, 5};
  const bool swapped = (whole[6] & 0x80U) != 0 && (whole[8] & 0xF0U) < 0x60U;
  std::string out;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    fmt::format_to(std::back_inserter(out), "{:02x}", whole[swapped ? kSwapped[i] : i]);
  }
  return out;
}

// The first byte: bit 7 compressed, bit 3 without zlib's frame, bits 0-2 the width of the length.
bool uncompress_column(std::string_view bytes, std::string& out) {
  out.clear();
  if (bytes.empty()) return true;
  WireReader in(bytes);
  const std::uint8_t head = in.u8();
  if (head == 0) {
    out = in.rest();
    return true;
  }
  const std::uint64_t size = big_endian(in.bytes(head & 0x07U));
  if ((head & 0xF0U) != 0x80U || in.bad() || size > kLargestValue) return false;
  const std::string_view packed = in.rest();
  out.resize(static_cast<std::size_t>(size));
  z_stream stream{};
  if (::inflateInit2(&stream, (head & 8U) != 0 ? -MAX_WBITS : MAX_WBITS) != Z_OK) return false;
  std::string copy(packed);
  stream.next_in = reinterpret_cast<Bytef*>(copy.data());
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::inflate(&stream, Z_FINISH);
  ::inflateEnd(&stream);
  return result == Z_STREAM_END && stream.avail_out == 0;
}

}  // namespace pelton::mysql
