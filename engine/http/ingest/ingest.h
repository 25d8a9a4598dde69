// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/exchange.h"

namespace pelton::http {

// Appends a request to the stream of its route: one event of a plain body or a CloudEvent, or a
// batch of CloudEvents. Answered once they are durable: 202 with their ids; 400, 413 or 415: what
// is wrong with it; 503: the engine takes no more at the moment. Never waits. Any thread.
void ingest(RoutedRequest&& request, WallTime now);

}  // namespace pelton::http
