// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/exchange.h"
#include "engine/http/invoke/call.h"
#include "engine/http/invoke/gateway_event.h"

#include <span>

namespace pelton::http {

// The call that a request for a function is: its event as the route's exchange has it. Nobody
// hears its answer. The event also has the headers `own`.
Call call_of(const RoutedRequest& request, const GatewayContext& context,
             std::span<const net::Field> own = {});
// The same with an answer that makes the response and replies.
Call make_call(RoutedRequest&& request, const GatewayContext& context);

}  // namespace pelton::http
