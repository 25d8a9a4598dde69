// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/records.h"
#include "engine/model/usage.h"
#include "engine/store/ledger.h"
#include "engine/store/store.h"

#include <compare>
#include <map>
#include <string>
#include <vector>

namespace pelton::runtime {

// What functions used, by day (UTC), function and binding. It is kept in the store, where it is
// written every few seconds: an engine that is killed forgets the last of them. Shard-confined but
// for load() and finish().
class UsageMeter {
 public:
  // Value. `binding` is empty for calls by routes, and for the start of workers.
  struct Name {
    std::string day;  // "2026-11-28"
    std::string function;
    std::string binding;
    auto operator<=>(const Name&) const = default;
  };
  using Rows = std::map<Name, model::Usage>;

  explicit UsageMeter(store::Store& store) : store_(store) {}
  // Before the shard runs: goes on with what is stored.
  Status load();
  // What it used besides what is known, for as long as this lives: add to it.
  model::Usage& open(const std::string& function, const std::string& binding);
  // Every second.
  void sample(WallTime now);
  // From this day on.
  Rows since(const std::string& day, WallTime now);
  // After the shard has ended: stores the rest.
  Status finish(WallTime now);

 private:
  void count(WallTime now);
  std::vector<store::Ledger::KeyValue> changes();

  store::Store& store_;
  std::map<std::pair<std::string, std::string>, model::Usage> open_;  // function, binding
  Rows rows_;
  std::map<Name, bool> changed_;  // since they were stored
  WallTime stored_{};
};

}  // namespace pelton::runtime
