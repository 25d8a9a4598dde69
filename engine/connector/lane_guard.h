// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/model/order.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace pelton::connector {

// Keeps the order of a write: after the first failure of a lane its later events wait. A lane is a
// key, the whole partition or the single event, by the order of the binding; an event without a key
// is a lane of its own. For one write; the batch outlives it. May be asked in any order; a Sink
// asks it for each event, see Sink::write.
class LaneGuard {
 public:
  LaneGuard(const model::Batch& batch, model::Order order) : batch_(batch), order_(order) {}

  // Nothing: the event is a lane of its own.
  std::optional<std::string_view> lane(std::size_t i) const;
  // An earlier event of its lane has failed.
  bool blocked(std::size_t i) const;
  void failed(std::size_t i);

 private:
  const model::Batch& batch_;
  const model::Order order_;
  std::unordered_map<std::string_view, std::size_t> first_;  // that has failed
};

}  // namespace pelton::connector
