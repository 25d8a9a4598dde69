// SPDX-License-Identifier: Apache-2.0
#include "engine/model/wire.h"

#include <cstring>

namespace pelton::model::wire {
namespace {

bool get_fixed(std::string_view& in, std::size_t width, std::uint64_t& value) {
  if (in.size() < width) return false;
  value = 0;
  std::memcpy(&value, in.data(), width);
  in.remove_prefix(width);
  return true;
}

}  // namespace

bool get_field(std::string_view& in, Field& field) {
  std::uint64_t tag = 0;
  if (!get_varint(in, tag) || (tag >> 3) == 0 || (tag >> 3) > 0x1fffffff) return false;
  field.number = static_cast<std::uint32_t>(tag >> 3);
  field.type = static_cast<WireType>(tag & 7);
  switch (field.type) {
    case varint:
      return get_varint(in, field.number_value);
    case fixed64:
      return get_fixed(in, 8, field.number_value);
    case fixed32:
      return get_fixed(in, 4, field.number_value);
    case delimited: {
      std::uint64_t length = 0;
      if (!get_varint(in, length) || length > in.size()) return false;
      field.bytes = in.substr(0, length);
      in.remove_prefix(length);
      return true;
    }
  }
  return false;
}

}  // namespace pelton::model::wire
