// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/wire_format.h"

namespace pelton::schema {
namespace {

constexpr std::size_t kHead = 5;

}  // namespace

std::optional<Framed> framed(std::string_view value) {
  if (value.size() < kHead || value.front() != '\0') return std::nullopt;
  std::uint32_t id = 0;
  for (const char c : value.substr(1, kHead - 1)) id = (id << 8) | static_cast<unsigned char>(c);
  return Framed{id, value.substr(kHead)};
}

void append_frame(std::string& out, std::uint32_t id) {
  out += '\0';
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((id >> shift) & 0xffU);
}

}  // namespace pelton::schema
