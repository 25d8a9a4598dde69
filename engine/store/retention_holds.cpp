// SPDX-License-Identifier: Apache-2.0
#include "engine/store/retention_holds.h"

namespace pelton::store {

RetentionHolds::Hold RetentionHolds::add(model::StreamPartition at, Offset offset) {
  const auto release = [state = state_, what = std::pair(at, offset)](const void*) {
    std::lock_guard lock(state->mutex);
    state->held.erase(state->held.find(what));
  };
  std::lock_guard lock(state_->mutex);
  state_->held.emplace(at, offset);
  return {state_.get(), release};
}

std::optional<Offset> RetentionHolds::State::lowest(model::StreamPartition at) const {
  const auto first = held.lower_bound({at, 0});
  return first == held.end() || first->first != at ? std::nullopt : std::optional(first->second);
}

std::optional<Offset> RetentionHolds::lowest(model::StreamPartition at) const {
  std::lock_guard lock(state_->mutex);
  return state_->lowest(at);
}

void RetentionHolds::while_none_is_added(const std::function<void(const Held&)>& drop) const {
  std::lock_guard lock(state_->mutex);
  drop([this](model::StreamPartition at) { return state_->lowest(at); });
}

}  // namespace pelton::store
