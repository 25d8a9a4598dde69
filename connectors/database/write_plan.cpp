// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/write_plan.h"

#include <algorithm>

namespace pelton::database {

void WritePlan::add(std::size_t row, std::optional<std::string_view> lane, std::string_view key,
                    const std::string& shape) {
  std::size_t from = 0;
  if (lane)
    if (const auto at = last_of_lane_.find(*lane); at != last_of_lane_.end()) from = at->second;
  if (!key.empty())
    if (const auto at = last_of_key_.find(key); at != last_of_key_.end())
      from = std::max(from, at->second + 1);
  const std::size_t step = step_of(shape, from);
  steps_[step].rows.push_back(row);
  if (lane) last_of_lane_[*lane] = step;
  if (!key.empty()) last_of_key_[key] = step;
}

// The first one of that shape from there on.
std::size_t WritePlan::step_of(const std::string& shape, std::size_t from) {
  std::vector<std::size_t>& steps = by_shape_[shape];
  const auto at = std::ranges::lower_bound(steps, from);
  if (at != steps.end()) return *at;
  steps.push_back(steps_.size());
  steps_.push_back({shape, {}});
  return steps.back();
}

}  // namespace pelton::database
