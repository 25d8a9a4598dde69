// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch.h"
#include "engine/model/order.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::database {

// The lanes of a write and where they have failed; unlike LaneGuard it is asked in any order. A
// lane is a key, the whole partition or the single event, by the order of the binding. The batch
// outlives it.
class FailedLanes {
 public:
  FailedLanes(const model::Batch& batch, model::Order order) : batch_(batch), order_(order) {}

  // Nothing: the event is a lane of its own.
  std::optional<std::string_view> lane(std::size_t i) const;
  void failed(std::size_t i);
  // An earlier event of its lane has failed.
  bool blocked(std::size_t i) const;

 private:
  const model::Batch& batch_;
  const model::Order order_;
  std::unordered_map<std::string_view, std::size_t> first_;  // that has failed
};

// Decides which rows go into one statement: rows of the same shape (the columns that they have, or
// that they are deleted), as few statements as keep the order. Rows of one lane are in statements
// that follow one another, or in one; two with the same key are in different ones, since a
// statement cannot change a row twice. Pure.
class WritePlan {
 public:
  struct Step {
    std::string shape;
    std::vector<std::size_t> rows;  // in the order in which they were added
  };

  // In the order of the events. `key` is empty: the row has none. Its texts outlive the plan.
  void add(std::size_t row, std::optional<std::string_view> lane, std::string_view key,
           const std::string& shape);
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::size_t step_of(const std::string& shape, std::size_t from);

  std::vector<Step> steps_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_shape_;  // steps, ascending
  std::unordered_map<std::string_view, std::size_t> last_of_lane_, last_of_key_;
};

}  // namespace pelton::database
