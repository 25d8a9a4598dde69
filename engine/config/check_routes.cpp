// SPDX-License-Identifier: Apache-2.0
#include "engine/config/check_routes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace pelton::config {
namespace {

std::vector<std::string> listener_names(const std::vector<Listener>& listeners) {
  std::vector<std::string> names;
  for (const Listener& listener : listeners) names.push_back(listener.name);
  return names;
}

void check_listener(const Config& config, const Route& route, Diagnostics& problems) {
  if (route.listener.empty()) {
    problems.error(route.place, "E7061",
                   config.listeners.empty()
                       ? fmt::format("route {} has no listener: add one to `listeners`", route.name)
                       : fmt::format("route {} does not say which listener serves it: set `on` to "
                                     "one of {}",
                                     route.name, joined(listener_names(config.listeners))));
    return;
  }
  if (std::ranges::find(config.listeners, route.listener, &Listener::name) ==
      config.listeners.end())
    problems.error(route.listener_place, "E7061",
                   fmt::format("route {} is on the listener \"{}\", which does not exist{}",
                               route.name, route.listener,
                               did_you_mean(route.listener, listener_names(config.listeners))));
}

void check_notified(const Config& config, const Route& route, Diagnostics& problems) {
  if (!route.notify) return;
  const auto source = std::ranges::find(config.connectors, *route.notify, &Connector::name);
  if (source == config.connectors.end() || !source->takes_notices)
    problems.error(route.notify_place, "E7063",
                   fmt::format("route {}: `notify` names {}, which is not a source of type s3",
                               route.name, *route.notify));
}

// What both take; empty: nothing.
std::string common_method(const Route& one, const Route& other) {
  if (one.methods.empty() && other.methods.empty()) return "any method";
  for (const std::string& method : one.methods)
    if (std::ranges::find(other.methods, method) != other.methods.end()) return method;
  return {};
}

void check_pair(const Route& one, const Route& other, Diagnostics& problems) {
  if (one.listener != other.listener || !one.path.same_paths(other.path)) return;
  if (const std::string method = common_method(one, other); !method.empty())
    problems.error(other.path_place, "E7062",
                   fmt::format("routes {} and {} both serve {} {}", one.name, other.name, method,
                               other.path.text()));
}

void check_addresses(const std::vector<Listener>& listeners, Diagnostics& problems) {
  for (std::size_t i = 0; i < listeners.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (listeners[i].address == listeners[j].address && listeners[i].address.port != 0)
        problems.error(
            listeners[i].place, "E7062",
            fmt::format("listeners {} and {} have the same address, {}", listeners[j].name,
                        listeners[i].name, listen_text(listeners[i].address)));
}

// A name other than "localhost" may be any address.
bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void check_lambda(const Listener& listener, Diagnostics& problems) {
  if (listener.lambda && !is_loopback(listener.address.host))
    problems.warning(listener.lambda_place, "E1110",
                     fmt::format("listener {} lets everybody who can reach {} call every function: "
                                 "Lambda's API checks no signatures here",
                                 listener.name, listen_text(listener.address)));
}

void check_proxies(const Listener& listener, Diagnostics& problems) {
  for (const Network& network : listener.trusted_proxies)
    if (network.text.ends_with("/0"))
      problems.warning(listener.proxies_place, "E5031",
                       fmt::format("listener {}: with {} in `trusted_proxies`, every client can "
                                   "claim to be another one",
                                   listener.name, network.text));
}

// Whoever validates a file need not be the user of the engine, who alone may read the key. Files
// that are not there have been named already.
bool can_be_read(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), R_OK) == 0;
}

}  // namespace

void place_routes(Config& config) {
  if (config.listeners.size() != 1) return;
  for (Route& route : config.routes)
    if (route.listener.empty()) route.listener = config.listeners.front().name;
}

void check_schema(const Route& route, const Kinds& kinds, Diagnostics& problems) {
  if (!route.schema_text || kinds.check_json_schema == nullptr) return;
  if (const auto ok = kinds.check_json_schema(*route.schema_text); !ok)
    problems.error(
        route.schema_place, "E7075",
        fmt::format("route {}: {}: {}", route.name, route.schema.string(), ok.error().message));
}

void check_certificates(const Listener& listener, const Kinds& kinds, Diagnostics& problems) {
  if (!listener.tls || kinds.check_certificates == nullptr) return;
  const ListenerTls& tls = *listener.tls;
  if (!can_be_read(tls.certificate) || !can_be_read(tls.key) ||
      (!tls.client_ca.empty() && !can_be_read(tls.client_ca)))
    return;
  const auto ok = kinds.check_certificates(tls);
  if (ok) return;
  const std::string what = fmt::format("listener {}: {}", listener.name, ok.error().message);
  if (ok.error().code == "E5030") return problems.warning(tls.place, "E5030", what);
  problems.error(tls.place, ok.error().code, what);
}

void check_routes(const Config& config, Diagnostics& problems) {
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    check_listener(config, config.routes[i], problems);
    check_notified(config, config.routes[i], problems);
    for (std::size_t j = 0; j < i; ++j) check_pair(config.routes[j], config.routes[i], problems);
  }
  check_addresses(config.listeners, problems);
  for (const Listener& listener : config.listeners) {
    check_lambda(listener, problems);
    check_proxies(listener, problems);
  }
}

}  // namespace pelton::config
