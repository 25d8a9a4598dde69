// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/invoke/kept_calls.h"

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace pelton::http {

// The calls of each durable route, by its name. Thread-safe.
class DurableRoutes {
 public:
  // Both live longer. Keys are claimed of `memory`; null: there is no limit.
  explicit DurableRoutes(const Clock& clock, MemoryBudget* memory = nullptr)
      : clock_(clock), memory_(memory) {}

  // The same for each call of the name. Shared by the route and the binding that delivers its
  // calls: either may be replaced first.
  std::shared_ptr<KeptCalls> calls(const std::string& route);
  // Forgets all others. What waits for their results is answered.
  void keep_only(const std::set<std::string>& routes);
  // Answers all that wait.
  void stop();

 private:
  const Clock& clock_;
  MemoryBudget* const memory_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<KeptCalls>> routes_;  // guarded by mutex_
};

}  // namespace pelton::http
