// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/parts/durable_calls.h"
#include "engine/config/parts/path_pattern.h"
#include "engine/config/parts/request_field.h"
#include "engine/config/parts/request_signature.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;

// Values. The members' initialisers are the defaults.

// Which pages of other origins may use a route.
struct Cors {
  std::vector<std::string> origins{"*"};
  std::vector<std::string> headers;  // that they may send; empty: any
  std::vector<std::string> expose;   // that they may read
  bool credentials = false;
  Duration max_age{std::chrono::minutes(10)};
};

// How a request becomes what a function gets, and its answer a response.
enum class Exchange : std::uint8_t { native, gateway_v1, gateway_v2 };

struct Route {
  std::string name;
  Place place;
  std::string listener;              // on; empty while only one is there to be meant
  std::vector<std::string> methods;  // upper case; empty: any
  PathPattern path;
  std::uint64_t max_body = 10U << 20;
  std::optional<Cors> cors;
  std::vector<std::string> api_keys;  // one of which requests must have; empty: none
  std::optional<RequestSignature> signature;
  std::filesystem::path schema;            // a JSON Schema of bodies; empty: none
  std::optional<std::string> schema_text;  // what that file has
  // ---- exactly one of these
  std::optional<std::string> to;        // a stream, which events are appended to
  std::optional<std::string> function;  // that answers
  std::optional<std::string> notify;    // a source, which looks at what requests are about
  // ---- of a function
  Duration timeout{std::chrono::seconds(30)};
  std::optional<Exchange> event;  // absent: as the function's runtime has it
  std::optional<std::uint32_t> concurrency;
  std::optional<DurableCalls> durable;  // absent: calls are not stored
  // ---- of a stream: what the event of a plain body is made of
  std::optional<RequestField> key;
  std::optional<RequestField> subject;
  std::string type = "http.request";
  std::vector<std::string> headers;  // that become the event's; "*": all

  // ---- what the file says, for checks
  Place listener_place, path_place, notify_place, schema_place;
};

const SectionSpec& route_spec();
Route parse_route(const std::string& name, const Node& node, ReadContext& context);
OptionChanges differences(const Route& before, const Route& after);

// "GET,POST", or "ANY".
std::string methods_text(const Route& route);
// A command that makes a request of the route, to paste. `origin`: "http://127.0.0.1:8080".
std::string curl_command(const Route& route, const std::string& origin);

}  // namespace pelton::config
