// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/exchange.h"

#include <string>

namespace pelton::http {

// What surrounds a request in its document.
struct GatewayContext {
  std::string id;  // the request's
  WallTime now;
  std::string listener;  // address and port, where the client names no host
};

// The event of a proxy integration of Amazon API Gateway: of a REST API (version 1) and of an HTTP
// API (version 2). Parameters are decoded once; a body that is not text is base64. `X-Forwarded-*`
// are the engine's own: what clients claim of themselves is left out.
std::string gateway_v1_event(const RoutedRequest& request, const GatewayContext& context);
std::string gateway_v2_event(const RoutedRequest& request, const GatewayContext& context);

// The header fields that a function sees: those of the request, but for `X-Forwarded-*`, which say
// whom the engine was connected to.
std::vector<net::Field> seen_headers(const RoutedRequest& request, const GatewayContext& context);

}  // namespace pelton::http
