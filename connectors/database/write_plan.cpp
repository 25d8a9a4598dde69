// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/write_plan.h"

#include <algorithm>

namespace pelton::database {

std::optional<std::string_view> FailedLanes::lane(std::size_t i) const {
  if (order_ == model::Order::partition) return std::string_view();
  if (order_ == model::Order::key && batch_.has_key(i)) return batch_.key(i);
  return std::nullopt;
}

void FailedLanes::failed(std::size_t i) {
  const auto own = lane(i);
  if (!own) return;
  const auto [at, fresh] = first_.try_emplace(*own, i);
  if (!fresh) at->second = std::min(at->second, i);
}

bool FailedLanes::blocked(std::size_t i) const {
  if (first_.empty()) return false;
  const auto own = lane(i);
  const auto at = own ? first_.find(*own) : first_.end();
  return at != first_.end() && at->second < i;
}

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
