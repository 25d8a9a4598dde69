// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/network.h"
#include "engine/net/message.h"

#include <vector>

namespace pelton::net {

// Value. Whose word is taken for whom a request comes from.
struct Forwarding {
  std::vector<config::Network> trusted;
  bool standard = false;  // they say it as RFC 7239 has it, not by X-Forwarded-*
};

// Makes the request that of the client on whose behalf trusted proxies have sent it: its `peer`,
// `encrypted`, `forwarded_for`, `forwarded_port` and Host. Of the headers that proxies add, only
// X-Forwarded-For is left, with what was believed of it, and none at all if the connection is not
// that of a trusted proxy: anybody can send them.
void believe_proxies(const Forwarding& forwarding, Request& request);

}  // namespace pelton::net
