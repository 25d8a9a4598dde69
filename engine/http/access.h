// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/request_signature.h"
#include "engine/net/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Who may use a route: API keys, and the signatures of webhooks. Neither takes a time that depends
// on how much of a secret is right.
namespace pelton::http {

// E7073: none of the keys is the request's X-Api-Key. No keys: anybody may.
Status check_api_key(const std::vector<std::string>& keys, const net::Request& request);

// E7072: the request was not signed with one of the secrets, or too long ago, and which it is.
Status check_signature(const config::RequestSignature& signature, const net::Request& request,
                       std::string_view body, WallTime now);

// The header that says what the sender calls this delivery, the same each time it is tried again.
// Null: there is none, or none that anybody answers for.
const char* delivery_header(const std::optional<config::RequestSignature>& signature);

// Whether anybody answers for the headers of a request: who sends a token could have written all of
// them, but a signature is over the body, and others may have added what they like.
bool trusts_headers(const std::optional<config::RequestSignature>& signature);

// Whether a header is there to be checked here and is a secret itself.
bool is_secret_header(std::string_view name);

}  // namespace pelton::http
