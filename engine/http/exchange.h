// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/route_table.h"
#include "engine/net/message.h"

#include <chrono>
#include <string>

namespace pelton::http {

// A request for a route, whole. Moved to whoever answers it.
struct RoutedRequest {
  ServedRoutePtr route;
  net::Request request;
  config::PathPattern::Parameters parameters;  // of its path, decoded
  std::string body;
  std::chrono::steady_clock::time_point begun{};
  net::Reply reply;
};

// The first parameter of the path of that name; null: it has none.
const std::string* path_parameter(const RoutedRequest& request, std::string_view name);
// Null: the request has no such part.
const std::string* field_of(const RoutedRequest& request, const config::RequestField& field);

// The media type of a content type, in lower case: "application/json" of
// "Application/JSON; charset=utf-8".
std::string media_type(std::string_view content_type);

// ASCII letters only.
std::string lower_case(std::string_view text);

}  // namespace pelton::http
