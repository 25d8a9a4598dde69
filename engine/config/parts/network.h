// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace pelton::config {

// The bytes of an IPv6 address; one of IPv4 as ::ffff:a.b.c.d.
using AddressBytes = std::array<std::uint8_t, 16>;
// Nothing: the text is no IPv4 or IPv6 address.
std::optional<AddressBytes> parse_address(const std::string& text);

// Value. The addresses that begin with the same bits.
struct Network {
  AddressBytes address{};
  unsigned prefix = 128;  // bits
  std::string text;       // as it was written

  bool contains(const AddressBytes& other) const;
};

// "10.0.0.0/8", "fd00::/8", "192.0.2.1". E1008: something else.
Result<Network> parse_network(const std::string& text);

}  // namespace pelton::config
