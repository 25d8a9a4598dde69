// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace pelton::store {

// Thread-safe. What retention must not drop although every binding has settled it: a seek under way
// goes back to it.
class RetentionHolds {
 public:
  // Holds for as long as it is kept, by any thread; it may outlive this object.
  using Hold = std::shared_ptr<const void>;
  Hold add(model::StreamPartition at, Offset offset);
  // The first offset of the partition that is held.
  std::optional<Offset> lowest(model::StreamPartition at) const;
  // Runs `drop`, which asks `held` as it would ask lowest(); nothing new is held until it returns.
  using Held = std::function<std::optional<Offset>(model::StreamPartition)>;
  void while_none_is_added(const std::function<void(const Held& held)>& drop) const;

 private:
  struct State {
    std::mutex mutex;
    std::multiset<std::pair<model::StreamPartition, Offset>> held;  // guarded by mutex
    std::optional<Offset> lowest(model::StreamPartition at) const;
  };
  // Shared by this object and every hold.
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace pelton::store
