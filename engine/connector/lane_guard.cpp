// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/lane_guard.h"

#include <algorithm>

namespace pelton::connector {

std::optional<std::string_view> LaneGuard::lane(std::size_t i) const {
  if (order_ == model::Order::partition) return std::string_view();
  if (order_ == model::Order::key && batch_.has_key(i)) return batch_.key(i);
  return std::nullopt;
}

bool LaneGuard::blocked(std::size_t i) const {
  if (first_.empty()) return false;
  const auto own = lane(i);
  const auto at = own ? first_.find(*own) : first_.end();
  return at != first_.end() && at->second < i;
}

void LaneGuard::failed(std::size_t i) {
  const auto own = lane(i);
  if (!own) return;
  const auto [at, fresh] = first_.try_emplace(*own, i);
  if (!fresh) at->second = std::min(at->second, i);
}

}  // namespace pelton::connector
