// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/durable_routes.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::http {
namespace {

// They were accepted, and nobody makes them.
void warn_of_calls(const std::string& route, const KeptCalls::Counts& counts) {
  if (counts.under_way == 0 && counts.waiting == 0) return;
  observe::log::warn(
      "a durable route is not in the config any more: its calls without a response wait until it "
      "is",
      {{"route", route}, {"keys", counts.under_way}, {"requests", counts.waiting}});
}

}  // namespace

std::shared_ptr<KeptCalls> DurableRoutes::calls(const std::string& route) {
  std::lock_guard lock(mutex_);
  auto& calls = routes_[route];
  if (!calls) calls = std::make_shared<KeptCalls>(clock_, memory_);
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
  for (const auto& [name, calls] : gone) {
    warn_of_calls(name, calls->counts());
    calls->stop();
  }
}

void DurableRoutes::stop() {
  std::lock_guard lock(mutex_);
  for (const auto& [name, calls] : routes_) calls->stop();
}

}  // namespace pelton::http
