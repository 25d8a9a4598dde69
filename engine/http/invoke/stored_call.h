// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/config/parts/route.h"
#include "engine/http/invoke/call.h"
#include "engine/http/invoke/result_keys.h"
#include "engine/model/batch.h"
#include "engine/model/batch_builder.h"
#include "engine/net/message.h"

#include <optional>
#include <string>
#include <vector>

// Calls of durable routes and their results as events. A call is what the function gets, with some
// headers of the engine's own: their names begin with a colon, which no client can send. A result
// is an event of the type "http.response": id: that of its call; data: the body; headers: ":status"
// and those of the response.
namespace pelton::http {

// What tells repeated requests from others.
struct RequestKey {
  std::string key;                 // Idempotency-Key
  Hash128 request;                 // of method, target and body
  std::optional<Hash128> whose{};  // hash of what `durable.per` names; nothing: anybody's

  // What the key is remembered as.
  Hash128 fingerprint() const;
};

// What the event of a call has beside the request's own headers, to answer it later.
std::vector<net::Field> call_headers(const std::optional<RequestKey>& key,
                                     config::Exchange exchange);
// Of a stored call or result; nothing: it has none.
std::optional<RequestKey> request_key(const model::Batch& batch, std::size_t event);
// What is remembered of a result at an offset; nothing: its call had no key.
std::optional<ResultKey> result_key(const model::Batch& results, std::size_t event, Offset offset);
// Of what is remembered, these are hashes of 64 bits.
std::uint64_t short_hash(const Hash128& request);
std::uint64_t call_hash(std::string_view id);

// Adds the result of a call (one event).
void add_result(const model::Batch& call, const net::Response& response, WallTime now,
                model::BatchBuilder& to);
// What a stored call is answered with. E7067: the function's outputs are malformed.
Result<net::Response> response_of(const model::Batch& call, const model::BatchPtr& outputs);
net::Response response_of(const model::Batch& call, const CallFailure& failure);
net::Response stored_response(const model::Batch& results, std::size_t event);

}  // namespace pelton::http
