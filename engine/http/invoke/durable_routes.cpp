// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/durable_routes.h"

#include <utility>

namespace pelton::http {

std::shared_ptr<KeptCalls> DurableRoutes::calls(const std::string& route) {
  std::lock_guard lock(mutex_);
  auto& calls = routes_[route];
  if (!calls) calls = std::make_shared<KeptCalls>(clock_);
  return calls;
}

void DurableRoutes::keep_only(const std::set<std::string>& routes) {
  std::map<std::string, std::shared_ptr<KeptCalls>> gone;  // shared as calls() says
  {
    std::lock_guard lock(mutex_);
    for (auto at = routes_.begin(); at != routes_.end();) {
      const auto next = std::next(at);
      if (!routes.contains(at->first)) gone.insert(routes_.extract(at));
      at = next;
    }
  }
  for (const auto& [name, calls] : gone) calls->stop();
}

void DurableRoutes::stop() {
  std::lock_guard lock(mutex_);
  for (const auto& [name, calls] : routes_) calls->stop();
}

}  // namespace pelton::http
