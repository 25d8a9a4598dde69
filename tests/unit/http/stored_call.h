// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/stored_call.h"
#include "engine/model/batch_builder.h"

#include <optional>
#include <vector>

namespace pelton::http {

// An event as a durable route stores it.
inline model::BatchPtr stored_call(model::EventView event, const std::optional<RequestKey>& key,
                                   config::Exchange exchange) {
  const std::vector<net::Field> headers = call_headers(key, exchange);
  for (const net::Field& field : headers) event.headers.push_back({field.name, field.value});
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

}  // namespace pelton::http
