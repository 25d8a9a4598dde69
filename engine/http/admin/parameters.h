// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/access.h"
#include "engine/http/admin/operations.h"
#include "engine/http/invoke/operator_call.h"
#include "engine/net/message.h"
#include "engine/stream/access.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the routes read out of requests. Strict: an unknown or malformed parameter or member is an
// error (E5002), never passed over, for a misspelt filter would act on everything.
namespace pelton::http {

// `known`: the names that the route takes, with a space between them; a name with a "+" behind it
// may be repeated.
Status check_parameters(const net::Request& request, std::string_view known);

struct ProduceParameters {
  std::optional<std::uint32_t> partition;
  std::uint64_t first_line = 1;  // what the first line of the body is called in errors
};
Result<ProduceParameters> produce_parameters(const net::Request& request);

struct ConsumeParameters {
  stream::ReadRequest::From from;
  std::optional<std::uint32_t> partition;  // absent: all
  std::uint64_t limit = UINT64_MAX;
  bool follow = false;
};
Result<ConsumeParameters> consume_parameters(const net::Request& request);

struct LetterParameters {
  dead_letters::Query query;  // its limit is a page's, not the request's
  std::uint64_t limit = 100;
  bool brief = false;  // only id and replays
};
// `since`, a day or a time; the day of it, "2026-11-28". Empty: none is given.
Result<std::string> usage_since(const net::Request& request);

Result<LetterParameters> letter_parameters(const net::Request& request);

// ?form=natural|event, ?timeout=: the call of the function in the path.
Result<OperatorCall> operator_call(const net::Request& request, std::string&& body);

// {"ids": [...]}
Result<std::vector<std::string>> ids_of(const std::string& body);
Result<SeekRequest> seek_of(const std::string& body);
// ?file=&file=, absolute paths; none: the engine's own.
Result<std::vector<std::string>> config_files(const net::Request& request);
// ?binding=; empty: all.
Result<std::string> offsets_binding(const net::Request& request);

}  // namespace pelton::http
