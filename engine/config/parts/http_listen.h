// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <string>

namespace pelton::config {

// Value. An address to listen on.
struct HttpListen {
  std::string host;
  std::uint16_t port = 0;  // 0: any free port, printed at start

  bool operator==(const HttpListen&) const = default;
};

// "127.0.0.1:8080", "localhost:0", "[::1]:8080". E1008: something else.
Result<HttpListen> parse_listen(const std::string& text);
// The text that parse_listen() reads so.
std::string listen_text(const HttpListen& listen);

}  // namespace pelton::config
