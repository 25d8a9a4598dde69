// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/protobuf/message_indexes.h"

#include <cstdint>

namespace pelton::schema::protobuf {
namespace {

constexpr std::int64_t kMostNested = 32;
constexpr std::int64_t kMostMessages = 1 << 20;

std::optional<std::int64_t> take_number(std::string_view& bytes, std::int64_t most) {
  std::uint64_t bits = 0;
  for (unsigned shift = 0; shift < 35 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    bits |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) != 0) continue;
    const auto number = static_cast<std::int64_t>(bits >> 1);
    if ((bits & 1U) != 0 || number > most) return std::nullopt;  // negative
    return number;
  }
  return std::nullopt;
}

void append_number(std::string& out, int number) {
  auto bits = static_cast<std::uint64_t>(number) << 1;
  for (; bits >= 0x80; bits >>= 7) out += static_cast<char>(bits | 0x80U);
  out += static_cast<char>(bits);
}

}  // namespace

std::optional<std::vector<int>> take_indexes(std::string_view& bytes) {
  const auto count = take_number(bytes, kMostNested);
  if (!count) return std::nullopt;
  if (*count == 0) return std::vector<int>{0};
  std::vector<int> indexes;
  for (std::int64_t i = 0; i < *count; ++i) {
    const auto index = take_number(bytes, kMostMessages);
    if (!index) return std::nullopt;
    indexes.push_back(static_cast<int>(*index));
  }
  return indexes;
}

void append_indexes(std::string& out, const std::vector<int>& indexes) {
  if (indexes == std::vector<int>{0}) {
    out += '\0';
    return;
  }
  append_number(out, static_cast<int>(indexes.size()));
  for (const int index : indexes) append_number(out, index);
}

}  // namespace pelton::schema::protobuf
