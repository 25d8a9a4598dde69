// SPDX-License-Identifier: Apache-2.0
#include "engine/http/cors.h"

#include <algorithm>

namespace pelton::http {
namespace {

constexpr const char* kAllMethods = "GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS";

bool has(const net::Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [name](const net::Field& field) {
    return net::same_name(field.name, name);
  });
}

void add(net::Response& response, const char* name, std::string value) {
  if (!has(response, name)) response.headers.push_back({name, std::move(value)});
}

bool any_origin(const config::Cors& cors) {
  return std::ranges::find(cors.origins, "*") != cors.origins.end();
}

std::string list(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

void describe_request(const ServedRoute& route, const net::Request& request,
                      net::Response& response) {
  const config::Cors& cors = *route.settings.cors;
  const auto& methods = route.settings.methods;
  add(response, "Access-Control-Allow-Methods", methods.empty() ? kAllMethods : list(methods));
  const std::string* asked = request.header("Access-Control-Request-Headers");
  if (!cors.headers.empty())
    add(response, "Access-Control-Allow-Headers", list(cors.headers));
  else if (asked != nullptr)
    add(response, "Access-Control-Allow-Headers", *asked);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(cors.max_age);
  add(response, "Access-Control-Max-Age", std::to_string(age.count()));
}

}  // namespace

std::optional<net::Response> preflight(const RouteTable& table, const net::Request& request) {
  const std::string* origin = request.header("Origin");
  const std::string* method = request.header("Access-Control-Request-Method");
  if (request.method != "OPTIONS" || origin == nullptr || method == nullptr) return std::nullopt;
  const auto match = table.find(*method, request.path);
  if (!match.route || !match.route->settings.cors) return std::nullopt;
  net::Response response{204, "", ""};
  add_cors(*match.route->settings.cors, *origin, response);
  if (has(response, "Access-Control-Allow-Origin"))
    describe_request(*match.route, request, response);
  return response;
}

void add_cors(const config::Cors& cors, const std::string& origin, net::Response& response) {
  // Those of the function are kept as they are.
  if (has(response, "Access-Control-Allow-Origin")) return;
  if (!any_origin(cors)) response.headers.push_back({"Vary", "Origin"});
  if (origin.empty()) return;
  if (any_origin(cors))
    add(response, "Access-Control-Allow-Origin", "*");
  else if (std::ranges::find(cors.origins, origin) != cors.origins.end())
    add(response, "Access-Control-Allow-Origin", origin);
  else
    return;
  if (cors.credentials) add(response, "Access-Control-Allow-Credentials", "true");
  if (!cors.expose.empty()) add(response, "Access-Control-Expose-Headers", list(cors.expose));
}

}  // namespace pelton::http
