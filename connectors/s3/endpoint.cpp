// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/endpoint.h"

#include "connectors/s3/uri.h"

#include <algorithm>

namespace pelton::s3 {
namespace {

constexpr std::size_t kLongestBucket = 255;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Clients leave out the scheme's own port in `host`.
std::string without_port_of(std::string_view scheme, std::string host) {
  const std::string_view own = scheme == "https" ? ":443" : ":80";
  if (host.ends_with(own)) host.erase(host.size() - own.size());
  return host;
}

}  // namespace

Status check_bucket(std::string_view name) {
  const auto good = [](char c) { return alphanumeric(c) || c == '.' || c == '-' || c == '_'; };
  if (!name.empty() && name.size() <= kLongestBucket && name != "." && name != ".." &&
      std::ranges::all_of(name, good))
    return {};
  return fail(ErrorKind::invalid, "E7200",
              "\"{}\" is not a valid bucket name: use letters, digits, `-`, `.` and `_`", name);
}

Status check_endpoint(std::string_view url) {
  const auto scheme = url.find("://");
  const std::string_view name = url.substr(0, std::min(scheme, url.size()));
  std::string_view host = scheme == std::string_view::npos ? "" : url.substr(scheme + 3);
  while (host.ends_with('/')) host.remove_suffix(1);
  const auto good = [](char c) {
    return alphanumeric(c) || std::string_view(".-_:[]").contains(c);
  };
  if ((name == "http" || name == "https") && !host.empty() && std::ranges::all_of(host, good))
    return {};
  return fail(ErrorKind::invalid, "E7200",
              "\"{}\" is not the URL of an endpoint: use http://HOST:PORT or https://HOST", url);
}

Result<Endpoint> find_endpoint(const std::string& url, const std::string& region, Style style,
                               const std::string& bucket, const Environment& environment) {
  Endpoint found;
  found.region = region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (found.region.empty()) found.region = environment(name).value_or("");
  if (found.region.empty()) found.region = "us-east-1";
  found.url = url;
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"})
    if (found.url.empty()) found.url = environment(name).value_or("");
  const bool aws = found.url.empty();
  if (aws) found.url = "https://s3." + found.region + ".amazonaws.com";
  found.url = without_slash(found.url);
  if (auto good = check_endpoint(found.url); !good) return std::unexpected(good.error());
  found.scheme = found.url.substr(0, found.url.find("://"));
  const std::string host = without_port_of(found.scheme, found.url.substr(found.scheme.size() + 3));
  const bool in_path =
      style == Style::path || (style == Style::automatic && (!aws || bucket.contains('.')));
  found.host = in_path ? host : bucket + "." + host;
  found.root = in_path ? "/" + bucket : "";
  return found;
}

}  // namespace pelton::s3
