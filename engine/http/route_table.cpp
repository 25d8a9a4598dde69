// SPDX-License-Identifier: Apache-2.0
#include "engine/http/route_table.h"

#include <algorithm>
#include <set>

namespace pelton::http {
namespace {

// Routes for named methods come before those for any.
std::vector<ServedRoutePtr> sorted(std::vector<ServedRoutePtr> routes) {
  std::ranges::stable_sort(routes, [](const ServedRoutePtr& a, const ServedRoutePtr& b) {
    const auto order = a->settings.path <=> b->settings.path;
    return order < 0 || (order == 0 && !a->settings.methods.empty() && b->settings.methods.empty());
  });
  return routes;
}

bool takes(const config::Route& route, const std::string& method) {
  return route.methods.empty() || std::ranges::find(route.methods, method) != route.methods.end();
}

}  // namespace

void RouteCounts::answered(unsigned status, std::chrono::nanoseconds took) {
  std::lock_guard lock(mutex_);
  ++by_status_[status];
  durations_.add(took);
}

std::optional<RouteCounts::UnderWay> RouteCounts::begin(const std::shared_ptr<RouteCounts>& counts,
                                                        std::optional<std::uint32_t> most) {
  std::lock_guard lock(counts->mutex_);
  if (most && counts->under_way_ >= *most) return std::nullopt;
  ++counts->under_way_;
  return UnderWay(counts);
}

void RouteCounts::end() {
  std::lock_guard lock(mutex_);
  --under_way_;
}

void RouteCounts::report(observe::RouteStatus& into) const {
  std::lock_guard lock(mutex_);
  into.by_status = by_status_;
  into.under_way = under_way_;
  into.durations = durations_.counts();
}

RouteTable::RouteTable(std::vector<ServedRoutePtr> routes, LambdaFunctions functions)
    : routes_(sorted(std::move(routes))), functions_(std::move(functions)) {}

RouteTable::Match RouteTable::find(const std::string& method,
                                   const std::vector<std::string>& path) const {
  std::set<std::string> allowed;
  Match get;
  for (const ServedRoutePtr& route : routes_) {
    auto parameters = route->settings.path.match(path);
    if (!parameters) continue;
    // A less specific route does not take HEAD from the one that serves GET.
    if (get.route && !route->settings.path.same_paths(get.route->settings.path)) break;
    if (takes(route->settings, method)) return {route, std::move(*parameters), {}};
    if (method == "HEAD" && !get.route && takes(route->settings, "GET"))
      get = {route, std::move(*parameters), {}};
    allowed.insert(route->settings.methods.begin(), route->settings.methods.end());
  }
  if (get.route) return get;
  if (allowed.contains("GET")) allowed.insert("HEAD");
  if (!allowed.empty()) allowed.insert("OPTIONS");
  return {nullptr, {}, fmt::format("{}", fmt::join(allowed, ", "))};
}

}  // namespace pelton::http
