// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// A value with the id of its schema: a zero byte, the id in four bytes (big-endian), the encoded
// value. Of Protobuf, it begins with the message's indexes (protobuf/message_indexes.h).
namespace pelton::schema {

struct Framed {
  std::uint32_t id = 0;
  std::string_view bytes;  // behind the id
};

// Nothing: it does not begin like that.
std::optional<Framed> framed(std::string_view value);
void append_frame(std::string& out, std::uint32_t id);

}  // namespace pelton::schema
