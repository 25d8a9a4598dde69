// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::database {

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
