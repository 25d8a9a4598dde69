// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/gateway_event.h"

#include "engine/base/base64.h"
#include "engine/base/json_quoted.h"
#include "engine/base/utf8.h"
#include "engine/http/log_time.h"

#include <algorithm>
#include <map>

namespace pelton::http {
namespace {

constexpr const char* kAccount = "000000000000";

// Names and values in the order in which the names first came.
class Fields {
 public:
  void add(const std::string& name, const std::string& value) {
    const auto at = std::ranges::find(fields_, name, &Entry::first);
    if (at == fields_.end())
      fields_.push_back({name, {value}});
    else
      at->second.push_back(value);
  }
  bool empty() const { return fields_.empty(); }

  std::string lists() const {
    return object([](const std::vector<std::string>& values) {
      std::string list;
      for (const std::string& value : values)
        list += (list.empty() ? "" : ",") + json_quoted(value);
      return "[" + list + "]";
    });
  }
  std::string last_values() const {
    return object([](const auto& values) { return json_quoted(values.back()); });
  }
  std::string joined() const {
    return object(
        [](const auto& values) { return json_quoted(fmt::format("{}", fmt::join(values, ","))); });
  }

 private:
  using Entry = std::pair<std::string, std::vector<std::string>>;

  template <typename Show>
  std::string object(Show show) const {
    std::string out;
    for (const auto& [name, values] : fields_)
      out += (out.empty() ? "" : ",") + json_quoted(name) + ":" + show(values);
    return "{" + out + "}";
  }

  std::vector<Entry> fields_;
};

std::string object_of(const config::PathPattern::Parameters& parameters) {
  Fields fields;
  for (const auto& [name, value] : parameters) fields.add(name, value);
  return fields.last_values();
}

// What an HTTP API hands over as text.
bool text_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.empty() || type.starts_with("text/") || type == "application/json" ||
         type == "application/javascript" || type == "application/xml" || type.ends_with("+json") ||
         type.ends_with("+xml");
}

// "body" and "isBase64Encoded".
std::string body_json(const RoutedRequest& request, bool text) {
  if (request.body.empty()) return R"("body":null,"isBase64Encoded":false)";
  if (text && is_utf8(request.body))
    return fmt::format(R"("body":{},"isBase64Encoded":false)", json_quoted(request.body));
  return fmt::format(R"("body":"{}","isBase64Encoded":true)", to_base64(request.body));
}

std::string header_of(const net::Request& request, const char* name, std::string fallback = {}) {
  const std::string* value = request.header(name);
  return value == nullptr ? std::move(fallback) : *value;
}

// The host that the client named, without a port.
std::string domain_of(const RoutedRequest& request, const GatewayContext& context) {
  std::string host = header_of(request.request, "Host", context.listener);
  const auto colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos) host.resize(colon);
  return host;
}

std::string prefix_of(const std::string& domain) {
  return domain.substr(0, domain.find('.'));
}

// A route of an HTTP API has one method, or any.
std::string route_key_of(const RoutedRequest& request) {
  const config::Route& route = request.route->settings;
  return fmt::format("{} {}", route.methods.empty() ? "ANY" : request.request.method,
                     route.path.text());
}

std::string path_of(const RoutedRequest& request) {
  return net::split_target(request.request.target).path;
}

// One header in two cases is one member.
const std::string& first_spelling(const std::vector<net::Field>& headers, const net::Field& of) {
  return std::ranges::find_if(
             headers, [&](const net::Field& field) { return net::same_name(field.name, of.name); })
      ->name;
}

std::string cookies_of(const std::vector<net::Field>& headers) {
  std::string list;
  for (const net::Field& field : headers) {
    if (!net::same_name(field.name, "Cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto end = rest.find(';');
      std::string_view one = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      while (one.starts_with(' ')) one.remove_prefix(1);
      if (!one.empty()) list += (list.empty() ? "" : ",") + json_quoted(one);
    }
  }
  return list.empty() ? list : fmt::format(R"("cookies":[{}],)", list);
}

std::string v1_context(const RoutedRequest& request, const GatewayContext& context) {
  const net::Request& from = request.request;
  const config::Route& route = request.route->settings;
  const std::string domain = domain_of(request, context);
  const std::string agent = header_of(from, "User-Agent");
  return fmt::format(
      R"({{"accountId":"{}","apiId":"pelton","domainName":{},"domainPrefix":{},)"
      R"("extendedRequestId":"{}","httpMethod":{},"identity":{{"accessKey":null,"accountId":null,)"
      R"("caller":null,"cognitoAuthenticationProvider":null,"cognitoAuthenticationType":null,)"
      R"("cognitoIdentityId":null,"cognitoIdentityPoolId":null,"principalOrgId":null,)"
      R"("sourceIp":{},"user":null,"userAgent":{},"userArn":null}},"path":{},)"
      R"("protocol":"HTTP/1.1","requestId":"{}","requestTime":"{}","requestTimeEpoch":{},)"
      R"("resourceId":{},"resourcePath":{},"stage":"$default"}})",
      kAccount, json_quoted(domain), json_quoted(prefix_of(domain)), context.id,
      json_quoted(from.method), json_quoted(from.peer), agent.empty() ? "null" : json_quoted(agent),
      json_quoted(path_of(request)), context.id, log_time(context.now), to_us(context.now) / 1000,
      json_quoted(route.name), json_quoted(route.path.text()));
}

std::string v2_context(const RoutedRequest& request, const GatewayContext& context,
                       const std::string& route_key) {
  const net::Request& from = request.request;
  const std::string domain = domain_of(request, context);
  return fmt::format(
      R"({{"accountId":"{}","apiId":"pelton","domainName":{},"domainPrefix":{},)"
      R"("http":{{"method":{},"path":{},"protocol":"HTTP/1.1","sourceIp":{},"userAgent":{}}},)"
      R"("requestId":"{}","routeKey":{},"stage":"$default","time":"{}","timeEpoch":{}}})",
      kAccount, json_quoted(domain), json_quoted(prefix_of(domain)), json_quoted(from.method),
      json_quoted(path_of(request)), json_quoted(from.peer),
      json_quoted(header_of(from, "User-Agent")), context.id, json_quoted(route_key),
      log_time(context.now), to_us(context.now) / 1000);
}

}  // namespace

std::vector<net::Field> seen_headers(const RoutedRequest& request, const GatewayContext& context) {
  std::vector<net::Field> headers;
  for (const net::Field& field : request.request.headers)
    if (!lower_case(field.name).starts_with("x-forwarded-") &&
        !net::same_name(field.name, "Forwarded"))
      headers.push_back(field);
  const net::Request& from = request.request;
  headers.push_back(
      {"X-Forwarded-For", from.forwarded_for.empty() ? from.peer : from.forwarded_for});
  headers.push_back(
      {"X-Forwarded-Port", from.forwarded_port != 0
                               ? std::to_string(from.forwarded_port)
                               : context.listener.substr(context.listener.rfind(':') + 1)});
  headers.push_back({"X-Forwarded-Proto", from.encrypted ? "https" : "http"});
  return headers;
}

std::string gateway_v1_event(const RoutedRequest& request, const GatewayContext& context) {
  Fields headers;
  Fields query;
  const std::vector<net::Field> seen = seen_headers(request, context);
  for (const net::Field& field : seen) headers.add(first_spelling(seen, field), field.value);
  for (const net::Field& field : request.request.query) query.add(field.name, field.value);
  return fmt::format(
      R"({{"resource":{},"path":{},"httpMethod":{},"headers":{},"multiValueHeaders":{},)"
      R"("queryStringParameters":{},"multiValueQueryStringParameters":{},"pathParameters":{},)"
      R"("stageVariables":null,"requestContext":{},{}}})",
      json_quoted(request.route->settings.path.text()), json_quoted(path_of(request)),
      json_quoted(request.request.method), headers.last_values(), headers.lists(),
      query.empty() ? "null" : query.last_values(), query.empty() ? "null" : query.lists(),
      request.parameters.empty() ? "null" : object_of(request.parameters),
      v1_context(request, context), body_json(request, true));
}

std::string gateway_v2_event(const RoutedRequest& request, const GatewayContext& context) {
  const net::TargetParts target = net::split_target(request.request.target);
  const std::string route_key = route_key_of(request);
  const std::vector<net::Field> seen = seen_headers(request, context);
  Fields headers;
  for (const net::Field& field : seen)
    if (!net::same_name(field.name, "Cookie")) headers.add(lower_case(field.name), field.value);
  Fields query;
  for (const net::Field& field : request.request.query) query.add(field.name, field.value);
  std::string event = fmt::format(
      R"({{"version":"2.0","routeKey":{},"rawPath":{},"rawQueryString":{},{}"headers":{},)",
      json_quoted(route_key), json_quoted(target.path), json_quoted(target.query), cookies_of(seen),
      headers.joined());
  if (!query.empty()) event += fmt::format(R"("queryStringParameters":{},)", query.joined());
  if (!request.parameters.empty())
    event += fmt::format(R"("pathParameters":{},)", object_of(request.parameters));
  return event +
         fmt::format(R"("requestContext":{},{}}})", v2_context(request, context, route_key),
                     body_json(request, text_type(header_of(request.request, "Content-Type"))));
}

}  // namespace pelton::http
