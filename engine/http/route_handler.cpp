// SPDX-License-Identifier: Apache-2.0
#include "engine/http/route_handler.h"

#include "engine/http/access.h"
#include "engine/http/body_schema.h"
#include "engine/http/cors.h"
#include "engine/http/ingest/ingest.h"
#include "engine/http/invoke/durable.h"
#include "engine/http/invoke/invoke.h"
#include "engine/http/json_text.h"
#include "engine/http/uuid.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::http {
namespace {

// What is parsed on the transport's thread at most.
constexpr std::size_t kParsedAtOnce = 64U << 10;

net::Response with_status(unsigned status, const Error& why) {
  net::Response response = net::error_response(why);
  response.status = status;
  return response;
}

net::Response error(unsigned status, ErrorKind kind, const char* code, std::string message) {
  return with_status(status, {kind, code, std::move(message)});
}

net::Response not_found(const net::Request& request, const std::string& allowed) {
  const std::string what =
      fmt::format("{} {}", request.method, net::split_target(request.target).path.substr(0, 200));
  if (allowed.empty())
    return error(404, ErrorKind::invalid, "E5001", "there is no route for " + what);
  net::Response response =
      request.method == "OPTIONS"
          ? net::Response{204, "", ""}
          : error(405, ErrorKind::invalid, "E5002",
                  fmt::format("{}: the method must be one of {}", what, allowed));
  response.headers.push_back({"Allow", allowed});
  return response;
}

// A path that means another one to whoever takes it for a file's. Decoded segments may have
// slashes.
bool has_dots(const std::vector<std::string>& path) {
  return std::ranges::any_of(path, [](const std::string& segment) {
    const std::string between = "/" + segment + "/";
    return between.contains("/./") || between.contains("/../");
  });
}

std::size_t announced_length(const net::Request& request) {
  const std::string* text = request.header("Content-Length");
  std::size_t length = 0;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), length);
  return length;
}

void notify(RoutedRequest&& request) {
  if (!check_json(request.body))
    return request.reply(error(400, ErrorKind::invalid, "E7212",
                               "the body is not a notification of S3: it is not JSON"));
  if (!request.route->notices->put(std::move(request.body))) {
    net::Response full = error(503, ErrorKind::overloaded, "E7211",
                               "the source has not caught up with earlier notifications");
    full.headers.push_back({"Retry-After", "1"});
    return request.reply(std::move(full));
  }
  request.reply({202, "application/json", "{}\n"});
}

// Counts the answer and adds what every response of the route has.
net::Reply counted(const ServedRoutePtr& route, const net::Request& request,
                   std::chrono::steady_clock::time_point begun, RouteCounts::UnderWay&& under_way,
                   net::Reply&& reply) {
  const std::string* origin = request.header("Origin");
  return
      [route, begun, origin = origin == nullptr ? std::string() : *origin,
       under_way = std::move(under_way), reply = std::move(reply)](net::Response response) mutable {
        // These have no body, whatever the function says.
        if (response.status == 204 || response.status == 304) response.body.clear();
        if (route->settings.cors) add_cors(*route->settings.cors, origin, response);
        route->counts->answered(response.status, std::chrono::steady_clock::now() - begun);
        reply(std::move(response));
      };
}

}  // namespace

void RouteHandler::set(RouteTablePtr table) {
  std::lock_guard lock(mutex_);
  table_ = std::move(table);
}

void RouteHandler::set_address(std::string address) {
  std::lock_guard lock(mutex_);
  address_ = std::move(address);
}

RouteTablePtr RouteHandler::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

std::string RouteHandler::address() const {
  std::lock_guard lock(mutex_);
  return address_;
}

void RouteHandler::handle(net::Request&& request, net::Reply reply) {
  const auto begun = std::chrono::steady_clock::now();
  const RouteTablePtr routes = table();
  if (!routes) {
    net::Response response =
        error(503, ErrorKind::overloaded, "E7070", "the engine is starting or stopping: try again");
    return reply(std::move(response));
  }
  if (has_dots(request.path))
    return reply(error(400, ErrorKind::invalid, "E5008", "the path has a `.` or `..` segment"));
  if (routes->functions() && LambdaApi::serves(request))
    return lambda_.handle(routes->functions(), std::move(request), std::move(reply));
  if (auto answer = preflight(*routes, request)) return reply(std::move(*answer));
  auto match = routes->find(request.method, request.path);
  if (!match.route) return reply(not_found(request, match.allowed));
  const config::Route& route = match.route->settings;
  auto under_way = RouteCounts::begin(match.route->counts, route.concurrency);
  if (!under_way) {
    net::Response response =
        error(429, ErrorKind::overloaded, "E7071",
              fmt::format("{} requests of this route are being served", *route.concurrency));
    const std::string* origin = request.header("Origin");
    if (route.cors) add_cors(*route.cors, origin == nullptr ? "" : *origin, response);
    match.route->counts->answered(429, std::chrono::steady_clock::now() - begun);
    return reply(std::move(response));
  }
  RoutedRequest routed{match.route, std::move(request), std::move(match.parameters), {}, begun, {}};
  routed.reply =
      counted(match.route, routed.request, begun, std::move(*under_way), std::move(reply));
  serve(std::move(routed));
}

void RouteHandler::serve(RoutedRequest&& request) {
  if (auto ok = check_api_key(request.route->settings.api_keys, request.request); !ok)
    return request.reply(with_status(403, ok.error()));
  const std::size_t most = request.route->settings.max_body;
  const Error too_large{
      ErrorKind::invalid, "E5011",
      fmt::format("the body is larger than the {} bytes that this route takes", most)};
  if (announced_length(request.request) > most)
    return request.reply(net::error_response(too_large));
  // Shared with the request, which the answer takes with it.
  const std::shared_ptr<net::RequestBody> body = request.request.body;
  net::read_all(
      body, most, [this, request = std::move(request)](Result<std::string> whole) mutable {
        if (!whole) return request.reply(net::error_response(whole.error()));
        request.body = std::move(*whole);
        if (request.body.size() <= kParsedAtOnce) return answer(std::move(request));
        work_.run([this, request = std::move(request)]() mutable { answer(std::move(request)); });
      });
}

void RouteHandler::answer(RoutedRequest&& request) {
  const WallTime now = SystemClock().now();
  if (const auto& signature = request.route->settings.signature)
    if (auto ok = check_signature(*signature, request.request, request.body, now); !ok)
      return request.reply(with_status(401, ok.error()));
  if (request.route->settings.to) return ingest(std::move(request), now);
  if (auto ok = check_data(request.route->schema.get(), request.body); !ok)
    return request.reply(net::error_response(ok.error()));
  if (request.route->notices) return notify(std::move(request));
  const GatewayContext context{new_uuid(), now, address()};
  if (request.route->kept) return call_durably(std::move(request), context, work_);
  calls_.call(make_call(std::move(request), context));
}

}  // namespace pelton::http
