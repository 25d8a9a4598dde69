// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/route_table.h"
#include "engine/net/message.h"

#include <optional>

namespace pelton::http {

// The answer to a preflight request for a route of the table that has CORS; nothing when it is not
// one, or no such route is there.
std::optional<net::Response> preflight(const RouteTable& table, const net::Request& request);

// Adds the headers that let the page of `origin` read the response, but for those that are there.
void add_cors(const config::Cors& cors, const std::string& origin, net::Response& response);

}  // namespace pelton::http
