// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace pelton::config {
namespace {

// Of an IPv4 address, which is the end of one of IPv6.
constexpr unsigned kMapped = 96;

// The first `prefix` bits of it.
AddressBytes masked(AddressBytes address, unsigned prefix) {
  for (unsigned i = 0; i < address.size(); ++i) {
    const unsigned bits = std::clamp(prefix, 8 * i, 8 * i + 8) - 8 * i;
    address[i] &= static_cast<std::uint8_t>(0xff00U >> bits);
  }
  return address;
}

}  // namespace

std::optional<AddressBytes> parse_address(const std::string& text) {
  AddressBytes bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (::inet_pton(AF_INET, text.c_str(), bytes.data() + kMapped / 8) == 1) return bytes;
  return std::nullopt;
}

bool Network::contains(const AddressBytes& other) const {
  return masked(other, prefix) == masked(address, prefix);
}

Result<Network> parse_network(const std::string& text) {
  const auto slash = text.find('/');
  const std::string host = text.substr(0, slash);
  const auto address = parse_address(host);
  const auto none = [] {
    return fail(ErrorKind::invalid, "E1008",
                "is not an address or a network, such as 192.0.2.1, 10.0.0.0/8 or fd00::/8");
  };
  if (!address) return none();
  Network network{*address, 128, text};
  if (slash == std::string::npos) return network;
  const unsigned mapped = host.find(':') == std::string::npos ? kMapped : 0;
  unsigned bits = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data() + slash + 1, end, bits);
  if (error != std::errc{} || read != end || bits > 128 - mapped) return none();
  network.prefix = mapped + bits;
  if (masked(*address, network.prefix) != *address)
    return fail(ErrorKind::invalid, "E1008",
                "has bits behind its first {}: write the network's own address, or {} alone", bits,
                host);
  return network;
}

}  // namespace pelton::config
