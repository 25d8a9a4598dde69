// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/net/tls.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::mysql {

// Value. Where a server is and how to log in.
struct Server {
  std::string host;
  std::uint16_t port = 3306;
  std::string user, password;
  std::optional<net::Tls> tls;  // absent: not encrypted

  std::string address() const;  // "db.example:3306"
};

// Of "mysql://user:password@host:port", whose parts may be percent-encoded; "mariadb://" is the
// same. E7220 invalid: it is none; the message does not show it.
Result<Server> parse_url(const std::string& url);

}  // namespace pelton::mysql
