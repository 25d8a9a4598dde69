// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/message.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::net {

struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  std::optional<std::size_t> length;  // absent: chunks, or in HTTP/1.0 until the connection ends
};

// The status line and the header of a response. Bytes that would end a line are left out of
// names and values.
std::string response_head(const Response& response, const Framing& framing);

}  // namespace pelton::net
