// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/histories.h"

#include <cstdint>
#include <unordered_map>

namespace pelton::dispatch {

// The events of a partition that have failed before, and the memory that is taken for them.
class Retries {
 public:
  bool empty() const { return states_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  // Null: it has not failed.
  const model::RetryState* find(Offset offset) const {
    const auto found = states_.find(offset);
    return found == states_.end() ? nullptr : &found->second;
  }
  void restore(Offset offset, const model::RetryState& state) {
    const auto [at, added] = states_.emplace(offset, state);
    if (!added) return;
    forget_history(at->second);
    bytes_ += bytes_of(at->second);
  }
  // What happened to the event is on its way to the store.
  void forget_history_of(Offset offset) {
    const auto found = states_.find(offset);
    if (found == states_.end()) return;
    bytes_ -= bytes_of(found->second);
    forget_history(found->second);
    bytes_ += bytes_of(found->second);
  }
  // Answers what `change` does, which is called with the state of the event.
  template <typename Change>
  auto change(Offset offset, Change change) {
    const auto [at, added] = states_.try_emplace(offset);
    model::RetryState& state = at->second;
    if (!added) bytes_ -= bytes_of(state);
    auto answer = change(state);
    bytes_ += bytes_of(state);
    return answer;
  }
  // False: it had not failed.
  bool erase(Offset offset) {
    const auto found = states_.find(offset);
    if (found == states_.end()) return false;
    bytes_ -= bytes_of(found->second);
    states_.erase(found);
    return true;
  }

 private:
  std::unordered_map<Offset, model::RetryState> states_;
  std::uint64_t bytes_ = 0;
};

}  // namespace pelton::dispatch
