// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/work_thread.h"
#include "engine/http/exchange.h"
#include "engine/http/invoke/gateway_event.h"

namespace pelton::http {

// Answers a request of a durable route: stores the call, which a binding delivers, and replies once
// its result is durable; or with the stored result of an earlier request with the same
// Idempotency-Key, which is read on `reading`. Any thread.
void call_durably(RoutedRequest&& request, const GatewayContext& context, WorkThread& reading);

}  // namespace pelton::http
