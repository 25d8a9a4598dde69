// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/lane_guard.h"

namespace pelton::connector {

bool LaneGuard::blocked(std::size_t i) const {
  if (order_ == model::Order::partition) return partition_;
  return order_ == model::Order::key && !keys_.empty() && batch_.has_key(i) &&
         keys_.contains(batch_.key(i));
}

void LaneGuard::failed(std::size_t i) {
  if (order_ == model::Order::partition) partition_ = true;
  if (order_ == model::Order::key && batch_.has_key(i)) keys_.insert(batch_.key(i));
}

}  // namespace pelton::connector
