// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/model/batch.h"

#include <cstddef>
#include <string_view>
#include <unordered_set>

namespace pelton::connector {

// Keeps the order of a write: after the first failure of a lane its later events wait. A lane is a
// key, the whole partition or the single event, by the order of the binding; an event without a key
// is a lane of its own. For one write; the batch outlives it. A Sink asks it for each event, see
// Sink::write.
class LaneGuard {
 public:
  LaneGuard(const model::Batch& batch, model::Order order) : batch_(batch), order_(order) {}

  bool blocked(std::size_t i) const;
  void failed(std::size_t i);

 private:
  const model::Batch& batch_;
  const model::Order order_;
  bool partition_ = false;
  std::unordered_set<std::string_view> keys_;
};

}  // namespace pelton::connector
