// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/listeners.h"

#include "engine/base/ensure.h"
#include "engine/config/async_calls.h"
#include "engine/config/durable_routes.h"
#include "engine/observe/log.h"
#include "engine/worker/runtimes/lambda/environment.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace pelton::runtime {
namespace {

// Of the largest request that any route may take.
constexpr std::size_t kMaxBody = 64U << 20;

std::chrono::milliseconds milliseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

net::Limits limits_of(const config::Listener& listener) {
  net::Limits limits;
  limits.connections = listener.connections;
  limits.reserve = 0;
  limits.body = kMaxBody;
  limits.pot = listener.memory;
  limits.pot_of_answers = true;
  limits.header_time = milliseconds(listener.header_time);
  limits.body_time = milliseconds(listener.body_time);
  return limits;
}

config::Exchange exchange_of(const config::Config& config, const config::Route& route) {
  if (route.event) return *route.event;
  const config::Function* function =
      route.function ? config.find_function(*route.function) : nullptr;
  return function != nullptr && function->takes_documents ? config::Exchange::gateway_v2
                                                          : config::Exchange::native;
}

http::LambdaFunction lambda_function(const config::Function& function,
                                     const Listeners::Targets& targets) {
  return {function.name,
          worker::lambda::function_arn(function),
          function.runtime,
          function.timeout,
          function.start_timeout,
          function.memory_bytes,
          function.scale.max,
          function.takes_documents,
          targets.at(config::async_name(function.name)).appender};
}

http::LambdaFunctions lambda_functions(const config::Config& config,
                                       const config::Listener& listener,
                                       const Listeners::Targets& targets) {
  if (!listener.lambda) return nullptr;
  std::vector<http::LambdaFunction> functions;
  for (const config::Function& function : config.functions)
    functions.push_back(lambda_function(function, targets));
  std::ranges::sort(functions, {}, &http::LambdaFunction::name);
  return std::make_shared<const std::vector<http::LambdaFunction>>(std::move(functions));
}

net::Forwarding forwarding_of(const config::Listener& listener) {
  return {listener.trusted_proxies, listener.proxy_headers == config::ProxyHeaders::standard};
}

std::shared_ptr<const schema::Codec> schema_of(const config::Route& route) {
  auto compiled = schema::compile({schema::Format::json_schema, *route.schema_text}, "");
  ENSURE(compiled, "the config's checks let it pass");
  return std::move(*compiled);
}

Error of_listener(const config::Listener& listener, Error error) {
  return std::move(error).within(fmt::format("listener {}", listener.name));
}

Status check_files(const config::Listener& listener) {
  if (listener.tls)
    if (const auto usable = net::Certificates::load(*listener.tls, nullptr); !usable)
      return std::unexpected(usable.error());
  return listener.access_log ? observe::LineFile::check(listener.access_log->file) : Status{};
}

net::Certificates::Report report_certificates(const config::Listener& listener) {
  return [name = listener.name](const Status& used) {
    if (used) return observe::log::info("replaced certificates are in use", {{"listener", name}});
    if (used.error().code == "E5030")
      return observe::log::warn("replaced certificates are in use",
                                {{"listener", name}, {"error", used.error().text()}});
    observe::log::warn("replaced certificates cannot be used: the previous ones stay in use",
                       {{"listener", name}, {"error", used.error().text()}});
  };
}

void announce_lambda(const config::Listener& listener, const std::string& address) {
  if (!listener.lambda) return;
  observe::log::info("AWS Lambda's API",
                     {{"listener", listener.name},
                      {"try", fmt::format("aws lambda list-functions --endpoint-url {}",
                                          config::origin_of(listener, address))}});
}

void announce(const config::Route& route, const std::string& origin) {
  observe::log::info("route", {{"name", route.name},
                               {"serves", config::methods_text(route) + " " + route.path.text()},
                               {route.to       ? "to"
                                : route.notify ? "notify"
                                               : "function",
                                route.to       ? *route.to
                                : route.notify ? *route.notify
                                               : route.function.value_or("")},
                               {"try", config::curl_command(route, origin)}});
}

}  // namespace

Result<Listeners::OpenListener> Listeners::open(const config::Listener& listener) {
  auto log = AccessLog::open(listener);
  if (!log) return std::unexpected(of_listener(listener, std::move(log.error())));
  OpenListener opened{listener, std::move(*log), std::make_unique<http::RouteHandler>(setup_.calls),
                      nullptr, nullptr};
  auto server = net::Server::start({{.socket = {},
                                     .host = listener.address.host,
                                     .port = listener.address.port,
                                     .handler = opened.handler.get(),
                                     .limits = limits_of(listener),
                                     .forwarding = forwarding_of(listener),
                                     .log = opened.log.get(),
                                     .tls = listener.tls,
                                     .on_new_certificates = report_certificates(listener)}});
  if (!server) return std::unexpected(of_listener(listener, std::move(server.error())));
  opened.server = std::move(*server);
  opened.handler->set_address(opened.address());
  announce_lambda(listener, opened.address());
  return opened;
}

Status Listeners::prepare(const config::Config& config) {
  for (const config::Listener& listener : config.listeners) {
    // One that keeps its address starts again in commit(), where it is too late to refuse.
    if (auto usable = check_files(listener); !usable) {
      discard();
      return std::unexpected(of_listener(listener, std::move(usable.error())));
    }
    {
      std::lock_guard lock(mutex_);
      const auto known = open_.find(listener.name);
      if (known != open_.end() &&
          (known->second.settings.address == listener.address ||
           (known->second.server &&
            known->second.address() == config::listen_text(listener.address))))
        continue;
    }
    auto opened = open(listener);
    if (!opened) {
      discard();
      return std::unexpected(opened.error());
    }
    prepared_[listener.name] = std::move(*opened);
  }
  return {};
}

void Listeners::discard() {
  prepared_.clear();
}

// Its address is taken while it is there.
void Listeners::restart(OpenListener& opened, const config::Listener& listener) {
  opened.server.reset();
  auto fresh = open(listener);
  if (!fresh) {
    observe::log::error("a listener could not be started again: it continues as it was",
                        {{"listener", listener.name}, {"error", fresh.error().text()}});
    fresh = open(opened.settings);
  }
  if (!fresh) return;
  fresh->table = opened.table;  // what its routes have counted
  opened = std::move(*fresh);
}

const http::ServedRoute* Listeners::find(const std::string& route) const {
  for (const auto& [name, opened] : open_)
    if (opened.table)
      for (const auto& served : opened.table->routes())
        if (served->settings.name == route) return served.get();
  return nullptr;
}

http::RouteTablePtr Listeners::make_table(const config::Config& config, const OpenListener& opened,
                                          const Targets& targets) const {
  std::vector<http::ServedRoutePtr> routes;
  for (const config::Route& route : config.routes) {
    if (route.listener != opened.settings.name) continue;
    auto served = std::make_shared<http::ServedRoute>();
    served->settings = route;
    served->exchange = exchange_of(config, route);
    if (route.to) served->appender = targets.at(*route.to).appender;
    if (route.schema_text) served->schema = schema_of(route);
    if (route.notify) served->notices = setup_.notices.box(*route.notify);
    if (route.durable) serve_durably(*served, targets);
    const http::ServedRoute* old = find(route.name);
    if (old != nullptr) served->counts = old->counts;
    if (old == nullptr || !config::differences(old->settings, route).empty())
      announce(route, config::origin_of(opened.settings, opened.address()));
    routes.push_back(std::move(served));
  }
  return std::make_shared<http::RouteTable>(std::move(routes),
                                            lambda_functions(config, opened.settings, targets));
}

void Listeners::serve_durably(http::ServedRoute& served, const Targets& targets) const {
  const config::Route& route = served.settings;
  const std::string results = config::results_name(route.name);
  auto reader = setup_.streams.reader(results);
  ENSURE(reader, "the stream {} of the config is not there", results);
  served.results = std::move(*reader);
  served.appender = targets.at(config::calls_name(route.name)).appender;
  served.kept = setup_.durable.calls(route.name);
  served.kept->set_limits({route.durable->keep, route.durable->keys});
}

void Listeners::commit(const config::Config& config, const Targets& targets) {
  std::vector<OpenListener> gone;  // their threads end without the lock
  std::lock_guard lock(mutex_);
  for (auto& [name, opened] : prepared_) {
    if (const auto old = open_.find(name); old != open_.end()) {
      opened.table = old->second.table;
      gone.push_back(std::move(old->second));
    }
    open_[name] = std::move(opened);
  }
  prepared_.clear();
  for (auto at = open_.begin(); at != open_.end();) {
    const auto wanted = std::ranges::find(config.listeners, at->first, &config::Listener::name);
    if (wanted == config.listeners.end()) {
      gone.push_back(std::move(at->second));
      at = open_.erase(at);
      continue;
    }
    if (!config::differences(at->second.settings, *wanted).empty()) restart(at->second, *wanted);
    ++at;
  }
  std::map<std::string, http::RouteTablePtr> tables;
  for (const auto& [name, opened] : open_)
    if (opened.server) tables[name] = make_table(config, opened, targets);
  std::set<std::string> durable;
  for (const config::Route& route : config.routes)
    if (route.durable) durable.insert(route.name);
  setup_.durable.keep_only(durable);
  for (auto& [name, table] : tables) {
    open_[name].table = table;
    if (!stopped_) open_[name].handler->set(std::move(table));
  }
}

void Listeners::stop_serving() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  for (auto& [name, opened] : open_) opened.handler->set(nullptr);
}

void Listeners::stop() {
  std::map<std::string, OpenListener> gone;
  {
    std::lock_guard lock(mutex_);
    gone.swap(open_);
  }
  gone.clear();
  prepared_.clear();
}

void Listeners::report(observe::StatusReport& report) const {
  std::lock_guard lock(mutex_);
  for (const auto& [name, opened] : open_) {
    if (opened.server)
      report.listeners.push_back(
          {name, opened.address(),
           opened.log ? std::optional(opened.log->dropped()) : std::nullopt});
    if (!opened.table) continue;
    for (const auto& served : opened.table->routes()) {
      const config::Route& route = served->settings;
      observe::RouteStatus status;
      status.name = route.name;
      status.listener = name;
      status.methods = config::methods_text(route);
      status.path = route.path.text();
      status.to = route.to.value_or("");
      status.function = route.function.value_or("");
      served->counts->report(status);
      if (served->kept) {
        const http::KeptCalls::Counts counts = served->kept->counts();
        status.durable = {counts.under_way, counts.results};
      }
      report.routes.push_back(std::move(status));
    }
  }
}

}  // namespace pelton::runtime
