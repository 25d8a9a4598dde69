// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/agenda.h"

#include <algorithm>

namespace pelton::dispatch {

void Agenda::move(Times& times, PartitionId partition, const std::optional<WallTime>& from,
                  const std::optional<WallTime>& to) {
  if (from == to) return;
  if (from) times.erase({*from, partition});
  if (to) times.emplace(*to, partition);
}

void Agenda::update(PartitionId partition, const Plan& wanted) {
  const auto known = plans_.find(partition);
  const Plan before = known == plans_.end() ? Plan{} : known->second;
  Plan plan = wanted;
  if (plan.ready) plan.opens.reset();
  if (plan == before) return;
  move(opens_, partition, before.opens, plan.opens);
  move(due_, partition, before.due, plan.due);
  if (plan.ready && !before.ready) ready_.push_back(partition);
  if (!plan.ready && before.ready) ready_.erase(std::ranges::find(ready_, partition));
  if (plan == Plan{})
    plans_.erase(known);
  else
    plans_.insert_or_assign(partition, plan);
}

void Agenda::open(WallTime now) {
  while (!opens_.empty() && opens_.begin()->first <= now) {
    const PartitionId partition = opens_.begin()->second;
    update(partition, {true, {}, plans_.at(partition).due});
  }
}

std::optional<PartitionId> Agenda::pop_ready(WallTime now) {
  open(now);
  if (ready_.empty()) return std::nullopt;
  const PartitionId partition = ready_.front();
  update(partition, {false, {}, plans_.at(partition).due});
  return partition;
}

std::optional<WallTime> Agenda::next() const {
  if (opens_.empty() && due_.empty()) return std::nullopt;
  if (opens_.empty()) return due_.begin()->first;
  if (due_.empty()) return opens_.begin()->first;
  return std::min(opens_.begin()->first, due_.begin()->first);
}

std::vector<PartitionId> Agenda::pass(WallTime now) {
  open(now);
  std::vector<PartitionId> due;
  for (const auto& [time, partition] : due_) {
    if (time > now) break;
    due.push_back(partition);
  }
  return due;
}

}  // namespace pelton::dispatch
