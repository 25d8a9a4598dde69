// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/function_response.h"

#include "engine/base/base64.h"
#include "engine/base/utf8.h"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::http {
namespace {

namespace json = boost::json;
using config::Exchange;

constexpr std::size_t kMaxDepth = 512;

template <typename... Args>
std::unexpected<Error> malformed(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid, "E7067", format, std::forward<Args>(args)...);
}

bool token(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Of one connection, or said by the engine itself.
bool is_the_transports(std::string_view name) {
  constexpr std::string_view kNames[] = {
      "Connection", "Content-Length", "Keep-Alive",       "Transfer-Encoding",
      "Trailer",    "Upgrade",        "Proxy-Connection", "TE"};
  return std::ranges::any_of(kNames,
                             [name](std::string_view own) { return net::same_name(own, name); });
}

Status check_value(std::string_view name, std::string_view value) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos)
    return malformed("the header {} has a line break or NUL in its value", name);
  return {};
}

Status add_header(net::Response& response, std::string_view name, std::string value) {
  if (!token(name)) return malformed("\"{}\" is not the name of a header", to_utf8(name));
  if (auto ok = check_value(name, value); !ok) return ok;
  if (net::same_name(name, "Content-Type"))
    response.content_type = std::move(value);
  else if (!is_the_transports(name))
    response.headers.push_back({std::string(name), std::move(value)});
  return {};
}

Result<unsigned> status_code(std::string_view text) {
  unsigned status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  if (error != std::errc{} || end != text.data() + text.size() || status < 200 || status > 599)
    return malformed("the status code {} is not a number from 200 to 599", text);
  return status;
}

// Texts, numbers and booleans, as API Gateway takes them.
Result<std::string> text_of(const json::value& value, std::string_view what) {
  if (value.is_string()) return std::string(value.get_string());
  // As JavaScript writes it: 1.5, not 1.5E0; and 200.0 is 200.
  if (value.is_double()) return fmt::format("{}", value.get_double());
  if (value.is_number() || value.is_bool()) return json::serialize(value);
  return malformed("{} must be a text", what);
}

// ---- the object of a proxy integration

class ProxyAnswer {
 public:
  explicit ProxyAnswer(const json::object& from) : from_(from) {}

  Result<net::Response> read() {
    for (const auto part : {&ProxyAnswer::status, &ProxyAnswer::lists, &ProxyAnswer::headers,
                            &ProxyAnswer::cookies, &ProxyAnswer::body})
      if (auto ok = (this->*part)(); !ok) return std::unexpected(ok.error());
    return std::move(response_);
  }
  bool has_type() const { return !response_.content_type.empty(); }

 private:
  // Null is as good as absent.
  const json::value* member(std::string_view name) const {
    const json::value* value = from_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  Status status() {
    const json::value* code = member("statusCode");
    if (code == nullptr) return malformed("it has no statusCode");
    auto text = text_of(*code, "statusCode");
    if (!text) return std::unexpected(text.error());
    auto status = status_code(*text);
    if (!status) return std::unexpected(status.error());
    response_.status = *status;
    return {};
  }

  Status lists() {
    const json::value* all = member("multiValueHeaders");
    if (all == nullptr) return {};
    if (!all->is_object()) return malformed("multiValueHeaders must be an object");
    for (const auto& [name, values] : all->get_object()) {
      if (!values.is_array())
        return malformed("multiValueHeaders.{} must be a list", std::string_view(name));
      for (const json::value& value : values.get_array())
        if (auto ok = add(name, value); !ok) return ok;
    }
    return {};
  }

  // One that a list has as well counts once.
  Status headers() {
    const json::value* all = member("headers");
    if (all == nullptr) return {};
    if (!all->is_object()) return malformed("headers must be an object");
    const std::size_t listed = response_.headers.size();
    for (const auto& [name, value] : all->get_object()) {
      if (value.is_null()) continue;
      auto text = text_of(value, std::string_view(name));
      if (!text) return std::unexpected(text.error());
      const auto end = response_.headers.begin() + static_cast<std::ptrdiff_t>(listed);
      const bool known = std::any_of(response_.headers.begin(), end, [&](const net::Field& field) {
        return net::same_name(field.name, std::string_view(name)) && field.value == *text;
      });
      if (known) continue;
      if (auto ok = add_header(response_, name, std::move(*text)); !ok) return ok;
    }
    return {};
  }

  Status cookies() {
    const json::value* all = member("cookies");
    if (all == nullptr) return {};
    if (!all->is_array()) return malformed("cookies must be a list");
    for (const json::value& value : all->get_array())
      if (auto ok = add("Set-Cookie", value); !ok) return ok;
    return {};
  }

  Status body() {
    const json::value* body = member("body");
    if (body == nullptr) return {};
    if (!body->is_string()) return malformed("body must be a text");
    const std::string_view text = body->get_string();
    const json::value* encoded = member("isBase64Encoded");
    const bool base64 = encoded != nullptr && encoded->is_bool() && encoded->get_bool();
    if (!base64)
      response_.body = text;
    else if (!from_base64(text, response_.body))
      return malformed("body is not base64, as isBase64Encoded says");
    return {};
  }

  Status add(std::string_view name, const json::value& value) {
    auto text = text_of(value, name);
    if (!text) return std::unexpected(text.error());
    return add_header(response_, name, std::move(*text));
  }

  const json::object& from_;
  net::Response response_{200, "", ""};
};

Result<net::Response> gateway_response(Exchange exchange, std::string_view answer,
                                       std::string_view type) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::monotonic_resource memory;
  const json::value value =
      json::parse(json::string_view(answer.data(), answer.size()), error, &memory, options);
  const json::object* object = error ? nullptr : value.if_object();
  const bool v2 = exchange == Exchange::gateway_v2;
  if (v2 && (object == nullptr || !object->contains("statusCode"))) {
    if (auto ok = check_value("Content-Type", type); !ok) return std::unexpected(ok.error());
    return net::Response{200, error && !type.empty() ? std::string(type) : "application/json",
                         std::string(answer)};
  }
  if (object == nullptr) return malformed("it is not a JSON object");
  auto response = ProxyAnswer(*object).read();
  if (response && response->content_type.empty())
    response->content_type = v2 ? "text/plain; charset=utf-8" : "application/json";
  return response;
}

// ---- native

Result<net::Response> native_response(const model::BatchPtr& outputs) {
  if (outputs == nullptr) return net::Response{204, "", ""};
  if (auto ok = check_value("Content-Type", outputs->content_type(0)); !ok)
    return std::unexpected(ok.error());
  net::Response response{200, std::string(outputs->content_type(0)), std::string(outputs->data(0))};
  if (response.content_type.empty())
    response.content_type =
        is_utf8(response.body) ? "text/plain; charset=utf-8" : "application/octet-stream";
  for (const model::Header& header : outputs->headers(0)) {
    if (header.name == kStatusHeader) {
      auto status = status_code(header.value);
      if (!status) return std::unexpected(status.error());
      response.status = *status;
    } else if (auto ok = add_header(response, header.name, std::string(header.value)); !ok) {
      return std::unexpected(ok.error());
    }
  }
  return response;
}

unsigned failure_status(Exchange exchange, CallFailure::Kind kind) {
  switch (kind) {
    case CallFailure::Kind::timeout:
      return 504;
    case CallFailure::Kind::overloaded:
    case CallFailure::Kind::stopping:
      return 503;
    case CallFailure::Kind::function:
      break;
  }
  return exchange == Exchange::gateway_v2 ? 500 : 502;
}

// As API Gateway words them.
const char* gateway_message(Exchange exchange, unsigned status) {
  if (status == 504) return "Endpoint request timed out";
  if (status == 503) return "Service Unavailable";
  return exchange == Exchange::gateway_v2 ? "Internal Server Error" : "Internal server error";
}

Error native_error(CallFailure::Kind kind) {
  switch (kind) {
    case CallFailure::Kind::timeout:
      return {ErrorKind::unavailable, "E7069", "the function did not answer in time"};
    case CallFailure::Kind::overloaded:
      return {ErrorKind::overloaded, "E7070", "too many requests are waiting: try again"};
    case CallFailure::Kind::stopping:
      return {ErrorKind::unavailable, "E7070", "the service is restarting: try again"};
    case CallFailure::Kind::function:
      break;
  }
  return {ErrorKind::unavailable, "E7068", "the function failed"};
}

}  // namespace

Result<net::Response> function_response(Exchange exchange, const model::BatchPtr& outputs) {
  if (exchange == Exchange::native) return native_response(outputs);
  if (outputs == nullptr) return gateway_response(exchange, "null", "");
  return gateway_response(exchange, outputs->data(0), outputs->content_type(0));
}

net::Response failure_response(Exchange exchange, const CallFailure& failure) {
  const unsigned status = failure_status(exchange, failure.kind);
  net::Response response = net::error_response(native_error(failure.kind));
  response.status = status;
  if (exchange != Exchange::native)
    response.body = fmt::format("{{\"message\":\"{}\"}}", gateway_message(exchange, status));
  if (status == 503 && failure.kind != CallFailure::Kind::overloaded)
    response.headers.push_back({"Retry-After", "1"});
  return response;
}

}  // namespace pelton::http
