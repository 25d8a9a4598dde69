// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_broker.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {

SimBroker::SimBroker(Scheduler& scheduler, Dice dice, const GroupScenario& scenario)
    : scheduler_(scheduler), dice_(dice), scenario_(scenario) {}

const model::PlacedBatch& SimBroker::append(PartitionId partition, model::BatchPtr batch) {
  Log& log = logs_[partition];
  // Markers of transactions, and what compaction took away.
  if (scenario_.base.gaps && dice_.chance(0.4)) log.end += dice_.between(1, 4);
  log.batches.push_back({{kInput, partition}, log.end, std::move(batch)});
  log.end += log.batches.back().batch->span();
  const model::PlacedBatch& placed = log.batches.back();
  if (scenario_.base.gaps && dice_.chance(0.4)) ++log.end;
  return placed;
}

const model::PlacedBatch* SimBroker::batch_at(PartitionId partition, Offset offset) const {
  const auto log = logs_.find(partition);
  if (log == logs_.end()) return nullptr;
  const auto& batches = log->second.batches;
  const auto found = std::ranges::upper_bound(
      batches, offset, {}, [](const auto& placed) { return placed.base + placed.batch->span(); });
  return found == batches.end() ? nullptr : &*found;
}

Offset SimBroker::end(PartitionId partition) const {
  const auto log = logs_.find(partition);
  return log == logs_.end() ? 0 : log->second.end;
}

MemberId SimBroker::join(GroupMember& member) {
  const MemberId id = next_member_++;
  members_[id].node = &member;
  rebalance();
  return id;
}

void SimBroker::revoked(MemberId id) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  for (const PartitionId partition : std::exchange(member->second.asked, {}))
    member->second.owned.erase(partition);
  end_round();
}

void SimBroker::remove(MemberId id, bool hears) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  GroupMember* node = member->second.node;
  // It goes on for a while before its next heartbeat is refused.
  if (hears)
    tell(member->second, Duration{dice_.between(500, 20'000)}, [node, id] { node->lost(id); });
  members_.erase(member);
  rebalance();
}

void SimBroker::expel_all() {
  while (!members_.empty()) expel(members_.begin()->first);
}

void SimBroker::tell(Member& member, Duration delay, std::function<void()> call) {
  member.told = std::max(member.told, scheduler_.now() + delay);
  scheduler_.after(member.told - scheduler_.now(), std::move(call));
}

void SimBroker::rebalance() {
  if (rebalancing_) {
    again_ = true;
    return end_round();
  }
  rebalancing_ = true;
  begin_round();
}

void SimBroker::begin_round() {
  const std::uint64_t round = ++round_;
  target_ = spread();
  for (auto& [id, member] : members_) {
    std::set<PartitionId> moving;
    for (const PartitionId partition : member.owned)
      if (!scenario_.cooperative || !target_[id].contains(partition)) moving.insert(partition);
    if (moving.empty()) continue;
    member.asked = moving;
    tell(member, Duration{dice_.between(50, 500)},
         [node = member.node, id, moving] { node->revoke(id, moving); });
  }
  scheduler_.after(scenario_.rebalance_timeout, [this, round] {
    if (round != round_) return;
    std::vector<MemberId> silent;
    for (const auto& [id, member] : members_)
      if (!member.asked.empty()) silent.push_back(id);
    for (const MemberId id : silent) expel(id);
  });
  end_round();
}

void SimBroker::end_round() {
  if (!rebalancing_ ||
      std::ranges::any_of(members_, [](const auto& m) { return !m.second.asked.empty(); }))
    return;
  if (std::exchange(again_, false)) return begin_round();
  ++round_;
  ++generation_;
  rebalancing_ = false;
  for (auto& [id, member] : members_) {
    std::set<PartitionId> fresh;
    std::ranges::set_difference(target_[id], member.owned, std::inserter(fresh, fresh.end()));
    member.owned = target_[id];
    tell(member, Duration{dice_.between(50, 500)},
         [node = member.node, id, generation = generation_, fresh] {
           node->assigned(id, generation, fresh);
         });
  }
}

std::map<MemberId, std::set<PartitionId>> SimBroker::spread() {
  std::map<MemberId, std::set<PartitionId>> target;
  if (members_.empty()) return target;
  const std::uint64_t turn = dice_.below(members_.size());
  for (std::uint32_t p = 0; p < scenario_.base.partitions; ++p) {
    const auto member =
        std::next(members_.begin(), static_cast<std::ptrdiff_t>((p + turn) % members_.size()));
    target[member->first].insert(PartitionId{p});
  }
  return target;
}

void SimBroker::commit(MemberId member, Generation generation, PartitionId partition,
                       Committed value, std::function<void(CommitReply)> reply) {
  const std::uint64_t serial = next_commit_++;
  const Duration answer{dice_.between(20, 500)};
  if (dice_.chance(scenario_.faults.commit_fails))
    return scheduler_.after(answer, [reply] { reply(CommitReply::failed); });
  const bool unknown = dice_.chance(scenario_.faults.commit_unknown);
  const Duration way{dice_.chance(scenario_.faults.commit_late) ? dice_.between(5'000, 80'000)
                                                                : dice_.between(20, 1'000)};
  if (!unknown || dice_.chance(0.5))
    scheduler_.after(way, [=, this] {
      const CommitReply outcome = apply(member, generation, partition, value, serial);
      if (!unknown) scheduler_.after(answer, [=] { reply(outcome); });
    });
  // Perhaps before it is applied.
  if (unknown)
    scheduler_.after(Duration{dice_.between(2'000, 20'000)},
                     [reply] { reply(CommitReply::unknown); });
}

CommitReply SimBroker::apply(MemberId member, Generation generation, PartitionId partition,
                             const Committed& value, std::uint64_t serial) {
  if (!members_.contains(member) || generation != generation_) return CommitReply::fenced;
  // A connection keeps its order.
  if (serial < newest_[partition]) return CommitReply::applied;
  newest_[partition] = serial;
  on_applied(partition, value);
  committed_[partition] = value;
  return CommitReply::applied;
}

void SimBroker::ask(PartitionId partition, std::function<void(std::optional<Committed>)> reply) {
  const bool fails = dice_.chance(scenario_.faults.fetch_fails);
  scheduler_.after(Duration{dice_.between(50, 1'000)}, [this, partition, reply, fails] {
    reply(fails ? std::nullopt : std::optional(committed(partition)));
  });
}

Committed SimBroker::committed(PartitionId partition) const {
  const auto found = committed_.find(partition);
  return found == committed_.end() ? Committed{} : found->second;
}

void SimBroker::reset(PartitionId partition, Offset offset) {
  committed_[partition] = {{offset, {}}, 0, 0};
}

}  // namespace pelton::simulation
