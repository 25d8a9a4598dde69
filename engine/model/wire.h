// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Protobuf's wire format, as much of it as the batch needs (protobuf.dev, "Encoding"): varints,
// length-delimited fields, little-endian fixed fields. Own code: the Protobuf runtime would copy
// the columns.
namespace pelton::model::wire {

enum WireType : std::uint32_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void put_tag(std::string& out, std::uint32_t field, WireType type) {
  put_varint(out, (static_cast<std::uint64_t>(field) << 3) | type);
}

inline void put_delimited(std::string& out, std::uint32_t field, std::string_view value) {
  put_tag(out, field, delimited);
  put_varint(out, value.size());
  out.append(value);
}

// False when the input ends early or the varint is longer than 10 bytes.
inline bool get_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
    const auto byte = static_cast<std::uint8_t>(in[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

struct Field {
  std::uint32_t number = 0;
  WireType type = varint;
  std::uint64_t number_value = 0;  // varint and fixed fields
  std::string_view bytes;          // delimited fields
};

// Takes the next field off `in`; false at a malformed one (groups are malformed here).
bool get_field(std::string_view& in, Field& field);

}  // namespace pelton::model::wire
