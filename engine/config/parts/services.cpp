// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/services.h"

#include "engine/config/parts/aws_services.h"
#include "engine/config/parts/function.h"
#include "engine/config/spec/fields.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <utility>

namespace pelton::config {
namespace {

constexpr const char* kUrl = "AWS_ENDPOINT_URL";
constexpr const char* kDummy = "test";
constexpr unsigned kMostPort = 65'535;

bool alphanumeric(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

// "HOST", "HOST:PORT" or "[ADDRESS]:PORT".
bool is_authority(std::string_view text) {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const auto colon = text.find(':', bracket);
  const std::string_view host = text.substr(0, colon);
  const std::string_view allowed = bracket > 0 ? "[]:." : "-._";
  const auto good = [&](char c) { return alphanumeric(c) || allowed.contains(c); };
  if (host.empty() || host == "[]" || !std::ranges::all_of(host, good)) return false;
  if (colon == std::string_view::npos) return true;
  const std::string_view port = text.substr(colon + 1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc{} && end == port.data() + port.size() && number > 0 &&
         number <= kMostPort;
}

void check_services(const Section& section, const std::string&, ReadContext& context,
                    Services& services) {
  const auto problem = [&](const char* option, const std::string& code, const std::string& what) {
    context.problems.error(section.place(option), code, what);
  };
  if (!services.endpoint.empty())
    if (auto good = check_service_url(services.endpoint); !good)
      problem("endpoint", good.error().code,
              fmt::format("services: endpoint: \"{}\" {}", section.written("endpoint"),
                          good.error().message));
  if (services.region.empty() ||
      !std::ranges::all_of(services.region, [](char c) { return alphanumeric(c) || c == '-'; }))
    problem("region", "E7112",
            fmt::format("services: region: \"{}\" is not a region such as eu-central-1",
                        section.written("region")));
  services.has_region = section.node("region") != nullptr;
  if (services.access_key.empty() != services.secret_key.empty())
    problem(services.access_key.empty() ? "secret_key" : "access_key", "E7112",
            "services: `access_key` and `secret_key` must be set together");
  else if (services.access_key.empty() && !services.session_token.empty())
    problem("session_token", "E7112", "services: `session_token` needs an `access_key`");
}

void read_endpoint(const Node& key, const Node& value, ReadContext& context, Services& services) {
  Diagnostics& problems = context.problems;
  const auto service = aws_service(key.text);
  if (!service)
    return problems.error(key.place, "E7110",
                          fmt::format("services: endpoints: \"{}\" is not a service of AWS{}",
                                      key.text, similar_aws_service(key.text)));
  if (value.kind != Node::Kind::scalar)
    return problems.error(value.place, "E1007",
                          fmt::format("services: the endpoint of {} must be a URL, not {}",
                                      key.text, value.kind_name()));
  auto url = expand(value, context);
  if (!url) return;
  if (auto good = check_service_url(*url); !good)
    return problems.error(value.place, good.error().code,
                          fmt::format("services: endpoints: {}: \"{}\" {}", key.text, value.text,
                                      good.error().message));
  if (!services.endpoints.emplace(*service, std::move(*url)).second)
    problems.error(
        key.place, "E7110",
        fmt::format("services: endpoints: {} is a service that has an endpoint already", key.text));
}

void read_endpoints(const Node& node, ReadContext& context, Services& services) {
  if (node.kind == Node::Kind::null) return;
  if (node.kind != Node::Kind::map)
    return context.problems.error(
        node.place, "E1007",
        fmt::format("services: endpoints must be a mapping of services to URLs, not {}",
                    node.kind_name()));
  for (const auto& [key, value] : node.entries) read_endpoint(key, value, context, services);
}

std::map<std::string, std::string> endpoints_of(const Services& services) {
  return services.endpoints;
}

const Fields<Services>& services_fields() {
  static const Fields<Services> fields =
      Fields<Services>("services",
                       "Where functions find the services of AWS, such as S3 and DynamoDB: AWS's "
                       "SDKs read it from the environment. Each value becomes a variable of every "
                       "function that does not have it in its own `environment`.")
          .shorthand("endpoint")
          .option("endpoint", &Services::endpoint,
                  "URL of all services that are not among `endpoints` (AWS_ENDPOINT_URL). AWS's "
                  "own if omitted.",
                  {.example = "http://127.0.0.1:5000"})
          .node("endpoints", OptionType::text_map, read_endpoints, endpoints_of,
                "URLs of single services (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB). A "
                "service goes by its id, or by the name of its client in an SDK.",
                {.example = "{ s3: \"http://127.0.0.1:9000\", "
                            "dynamodb: \"http://127.0.0.1:8000\" }"})
          .option("region", &Services::region, "Region (AWS_REGION and AWS_DEFAULT_REGION).",
                  {.example = "eu-central-1"})
          .option("access_key", &Services::access_key,
                  "Access key id (AWS_ACCESS_KEY_ID). Where there is an endpoint, the default is "
                  "the variable of the engine's own environment with AWS_SECRET_ACCESS_KEY and "
                  "AWS_SESSION_TOKEN, or else `test`, with which local servers are content.",
                  {.example = "${env:LOCAL_ACCESS_KEY}"})
          .option("secret_key", &Services::secret_key, "Secret access key (AWS_SECRET_ACCESS_KEY).",
                  {.example = "${env:LOCAL_SECRET_KEY}", .secret = true})
          .option("session_token", &Services::session_token,
                  "Session token of temporary credentials (AWS_SESSION_TOKEN).",
                  {.example = "${env:LOCAL_SESSION_TOKEN}", .secret = true})
          .then(check_services);
  return fields;
}

std::string variable_of(const std::string& service) {
  std::string name = kUrl;
  if (!service.empty()) name += "_" + service;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

void add_region(const Services& services, Function& function) {
  auto& variables = function.environment;
  std::string region = services.region;
  for (const char* name : {"AWS_DEFAULT_REGION", "AWS_REGION"})
    if (const auto own = variables.find(name); own != variables.end() && !own->second.empty())
      region = own->second;
  variables.emplace("AWS_REGION", region);
  variables.emplace("AWS_DEFAULT_REGION", region);
}

// Whether the function logs in by itself, in any of the ways that SDKs look for in the environment.
bool has_credentials(const Function& function) {
  static constexpr std::array kWays{"AWS_ACCESS_KEY_ID",
                                    "AWS_SECRET_ACCESS_KEY",
                                    "AWS_SESSION_TOKEN",
                                    "AWS_PROFILE",
                                    "AWS_DEFAULT_PROFILE",
                                    "AWS_SHARED_CREDENTIALS_FILE",
                                    "AWS_WEB_IDENTITY_TOKEN_FILE",
                                    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                    "AWS_CONTAINER_CREDENTIALS_FULL_URI"};
  return std::ranges::any_of(kWays,
                             [&](const char* name) { return function.environment.contains(name); });
}

void add_credentials(const Services& services, Function& function, ReadContext& context) {
  std::string access = services.access_key;
  std::string secret = services.secret_key;
  std::string token = services.session_token;
  if (access.empty()) {
    const auto of_engine = [&](const char* name) { return context.environment(name).value_or(""); };
    access = of_engine("AWS_ACCESS_KEY_ID");
    secret = of_engine("AWS_SECRET_ACCESS_KEY");
    token = of_engine("AWS_SESSION_TOKEN");
    if (access.empty() || secret.empty()) {
      access = secret = kDummy;
      token.clear();
    }
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    function.environment.emplace(name, value);
    context.hide("function " + function.name, std::string("environment.") + name);
  };
  add("AWS_ACCESS_KEY_ID", access);
  add("AWS_SECRET_ACCESS_KEY", secret);
  add("AWS_SESSION_TOKEN", token);
}

}  // namespace

Status check_service_url(std::string_view url) {
  const auto scheme = url.find("://");
  const std::string_view name = url.substr(0, std::min(scheme, url.size()));
  const std::string_view rest = scheme == std::string_view::npos ? "" : url.substr(scheme + 3);
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto visible = [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#'; };
  if ((name == "http" || name == "https") && is_authority(rest.substr(0, slash)) &&
      std::ranges::all_of(rest.substr(slash), visible))
    return {};
  return fail(ErrorKind::invalid, "E7111",
              "is not the URL of a server, such as http://127.0.0.1:9000");
}

const SectionSpec& services_spec() {
  return services_fields().spec();
}

Services parse_services(const Node& node, const ServiceUrls& given, ReadContext& context) {
  Services services;
  services_fields().fill(read_section(node, services_spec(), "services", context), "", context,
                         services);
  for (const auto& [service, url] : given)
    (service.empty() ? services.endpoint : services.endpoints[service]) = url;
  return services;
}

void add_services(const Services& services, Function& function, ReadContext& context) {
  // It is to reach AWS itself, as SDKs understand it.
  const auto ignores = function.environment.find("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (ignores != function.environment.end() && ignores->second == "true") return;
  const bool elsewhere = !services.endpoint.empty() || !services.endpoints.empty();
  if (elsewhere || services.has_region) add_region(services, function);
  if (!services.endpoint.empty()) function.environment.emplace(kUrl, services.endpoint);
  for (const auto& [service, url] : services.endpoints)
    function.environment.emplace(variable_of(service), url);
  if ((elsewhere || !services.access_key.empty()) && !has_credentials(function))
    add_credentials(services, function, context);
}

}  // namespace pelton::config
