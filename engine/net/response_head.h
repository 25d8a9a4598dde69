// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/net/message.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pelton::net {

struct Framing {
  bool http11 = true;
  bool keep_alive = true;
  std::optional<std::size_t> length;  // absent: chunks, or in HTTP/1.0 until the connection ends
  std::string_view date = {};         // as HttpDate has it; empty: none
};

// The time as HTTP writes it (RFC 9110 section 5.6.7), made once a second. One thread.
class HttpDate {
 public:
  // Until the next call.
  std::string_view of(WallTime now);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

// The status line and the header of a response. Bytes that would end a line are left out of
// names and values.
std::string response_head(const Response& response, const Framing& framing);

}  // namespace pelton::net
