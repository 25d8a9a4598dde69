// SPDX-License-Identifier: Apache-2.0
// What a node does with the partitions that it is given, asked for, and loses.
#include "engine/dispatch/offset_ranges.h"
#include "tests/simulation/sim_node.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {

SimNode::Held* SimNode::held(PartitionId partition, std::uint64_t serial) {
  const auto found = partitions_.find(partition);
  return found != partitions_.end() && found->second.serial == serial ? &found->second : nullptr;
}

void SimNode::assigned(MemberId as, Generation generation, const std::set<PartitionId>& fresh) {
  gate([=, this] {
    if (as != member_) return;
    generation_ = generation;
    history_.renew(life_, generation);
    for (const PartitionId partition : fresh) {
      Held& held = partitions_[partition];
      held = {};
      held.serial = next_serial_++;
      held.first = generation;
      prepare(partition, held.serial);
    }
  });
}

// Once all that was submitted before is durable, so that nothing is written after what is read.
void SimNode::prepare(PartitionId partition, std::uint64_t serial) {
  disk_.store->submit(0, {}, [=, this] {
    broker_.ask(partition, [=, this](std::optional<Committed> committed) {
      gate([=, this] {
        if (held(partition, serial) == nullptr) return;
        if (committed) return restore(partition, serial, *committed);
        after(Duration{dice_.between(500, 3'000)}, [=, this] { prepare(partition, serial); });
      });
    });
  });
}

bool SimNode::trusts(PartitionId partition, const Committed& committed) const {
  if (is(GroupMutation::forgets_local) || committed.node != disk_.node) return false;
  const auto epoch = disk_.epochs.find(partition);
  return is(GroupMutation::ignores_epoch) ||
         (epoch != disk_.epochs.end() && epoch->second == committed.epoch);
}

void SimNode::restore(PartitionId partition, std::uint64_t serial, const Committed& committed) {
  history_.begin(life_, disk_.node, partition, generation_, committed, disk_.store->disk());
  const bool trusted = trusts(partition, committed);
  const model::Restored from = restored(partition, committed, trusted);
  if (trusted) {
    held(partition, serial)->epoch = disk_.epochs[partition];
    return begin(partition, committed, from);
  }
  // By chance, not by counting: a disk that is exchanged for an older one would count the same
  // again.
  const std::uint64_t epoch = dice_.seed() >> 3;
  forget(partition, epoch, from.progress, [=, this] {
    Held* here = held(partition, serial);
    if (here == nullptr) return;
    here->epoch = epoch;
    begin(partition, committed, from);
  });
}

model::Restored SimNode::restored(PartitionId partition, const Committed& committed, bool trusted) {
  const SimStore::Disk& disk = disk_.store->disk();
  model::Restored restored{committed.cursor, {}};
  auto& completed = restored.progress.completed;
  if (is(GroupMutation::ignores_metadata)) completed.clear();
  if (is(GroupMutation::skips_metadata_twice))
    for (OffsetRange& range : completed) range.end += range.end - range.begin;
  if (const auto local = disk.cursors.find(partition); local != disk.cursors.end()) {
    if (is(GroupMutation::ignores_committed)) restored.progress = local->second;
    if (trusted || is(GroupMutation::trusts_foreign_ranges)) {
      completed.push_back({0, local->second.settled});
      completed.insert(completed.end(), local->second.completed.begin(),
                       local->second.completed.end());
    }
  }
  if (trusted || is(GroupMutation::trusts_foreign_retries))
    for (const auto& [place, state] : disk.retries)
      if (place.first == partition)
        restored.retries.push_back(
            {scenario_.base.binding.id, {kInput, partition}, place.second, state});
  // Disjoint again.
  restored.progress = dispatch::OffsetRanges(restored.progress).stored();
  return restored;
}

void SimNode::forget(PartitionId partition, std::uint64_t epoch, const model::Progress& cursor,
                     std::function<void()> durable) {
  const BindingId binding = scenario_.base.binding.id;
  model::Transaction transaction;
  transaction.progress.push_back({binding, {kInput, partition}, cursor});
  for (const auto& [place, state] : disk_.store->disk().retries)
    if (place.first == partition)
      transaction.retries.push_back({binding, {kInput, partition}, place.second, std::nullopt});
  disk_.store->submit(kEpochTag | epoch, std::move(transaction),
                      [this, durable = std::move(durable)] { gate(durable); });
}

void SimNode::begin(PartitionId partition, const Committed& committed,
                    const model::Restored& restored) {
  Held& held = partitions_.at(partition);
  held.stage = Stage::active;
  held.committed = committed.cursor;
  held.durable = restored.progress;
  held.settled = restored.progress;
  // What these left behind.
  if (is(GroupMutation::answers_revoke_early) || is(GroupMutation::ignores_lost))
    dispatcher_.revoke(partition);
  dispatcher_.assign(partition, restored);
  feed_all();
}

void SimNode::revoke(MemberId as, const std::set<PartitionId>& partitions) {
  gate([=, this] {
    if (as != member_) return;
    answering_ = true;
    for (const PartitionId partition : partitions) drain(partition);
    check_drained();
  });
}

void SimNode::leave(std::function<void()> gone) {
  gate([=, this] {
    gone_ = gone;
    std::vector<PartitionId> all;
    for (const auto& [partition, unused] : partitions_) all.push_back(partition);
    for (const PartitionId partition : all) drain(partition);
    check_drained();
  });
}

void SimNode::drain(PartitionId partition) {
  const auto found = partitions_.find(partition);
  if (found == partitions_.end() || asked_.contains(partition)) return;
  if (found->second.stage == Stage::preparing) {
    partitions_.erase(found);
    return;
  }
  asked_.insert(partition);
  found->second.stage = Stage::draining;
  found->second.deadline = scheduler_.now() + scenario_.drain;
  history_.draining(life_, partition);
  if (!is(GroupMutation::drains_nothing)) dispatcher_.drain(partition);
  after(scenario_.drain, [this] { check_drained(); });
}

void SimNode::check_drained() {
  for (const PartitionId partition : std::set<PartitionId>(asked_)) {
    const auto found = partitions_.find(partition);
    if (!alive_) return;
    if (found == partitions_.end() || found->second.stage != Stage::draining) continue;
    if (dispatcher_.idle(partition) || scheduler_.now() >= found->second.deadline ||
        is(GroupMutation::answers_revoke_early))
      part(partition);
  }
  answer_revoke();
}

// What is in flight now is fenced; what is durable is committed a last time.
void SimNode::part(PartitionId partition) {
  partitions_.at(partition).stage = Stage::parting;
  history_.parting(life_, partition);
  if (!is(GroupMutation::answers_revoke_early)) dispatcher_.revoke(partition);
  go_on_parting(partition);
}

void SimNode::go_on_parting(PartitionId partition) {
  Held& held = partitions_.at(partition);
  if (held.committing) return;
  if (!dirty(held) || std::exchange(held.last_tried, true) ||
      is(GroupMutation::forgets_last_commit))
    return let_go(partition);
  commit(partition);
}

void SimNode::let_go(PartitionId partition) {
  history_.let_go(life_, partition);
  if (is(GroupMutation::commits_after_revoke)) commit(partition);
  asked_.erase(partition);
  if (!is(GroupMutation::answers_revoke_early)) partitions_.erase(partition);
  answer_revoke();
}

void SimNode::answer_revoke() {
  if (!asked_.empty()) return;
  if (gone_) {
    broker_.leave(std::exchange(member_, 0));
    return std::exchange(gone_, nullptr)();
  }
  if (std::exchange(answering_, false)) broker_.revoked(member_);
}

void SimNode::lost(MemberId as) {
  gate([=, this] {
    if (as != member_) return;
    for (auto& [partition, held] : partitions_) {
      if (held.stage == Stage::preparing) continue;
      history_.lost(life_, partition);
      if (is(GroupMutation::commits_after_lost) && dirty(held)) commit(partition);
      if (held.stage != Stage::parting && !is(GroupMutation::ignores_lost))
        dispatcher_.revoke(partition);
    }
    if (!is(GroupMutation::ignores_lost)) partitions_.clear();
    asked_.clear();
    answering_ = false;
    member_ = 0;
    if (gone_) return std::exchange(gone_, nullptr)();
    after(Duration{dice_.between(100, 5'000)}, [this] { member_ = broker_.join(*this); });
    after_call();
  });
}

void SimNode::tick() {
  for (auto& [partition, held] : partitions_)
    if ((held.stage == Stage::active || held.stage == Stage::draining) && dirty(held) &&
        !held.committing)
      commit(partition);
  if (!alive_) return;
  after(scenario_.commit_interval, [this] { tick(); });
}

void SimNode::commit(PartitionId partition) {
  if (!alive_) return;
  if (dice_.chance(scenario_.faults.die_at_commit)) return kill_();
  Held& held = partitions_.at(partition);
  model::Progress cursor = held.durable;
  if (is(GroupMutation::commits_read_position))
    cursor = {std::max(cursor.settled, dispatcher_.wants(partition).from), {}};
  // The rest will be invoked again, should another node begin here; see feed().
  Committed value{cursor, disk_.node, held.epoch};
  if (value.cursor.completed.size() > scenario_.metadata_ranges)
    value.cursor.completed.resize(scenario_.metadata_ranges);
  const Generation generation =
      is(GroupMutation::commits_old_generation) ? held.first : generation_;
  history_.committing(life_, partition, generation, value);
  held.committing = true;
  broker_.commit(member_, generation, partition, value,
                 [this, partition, serial = held.serial, cursor](CommitReply reply) {
                   gate([=, this] { committed(partition, serial, cursor, reply); });
                 });
}

void SimNode::committed(PartitionId partition, std::uint64_t serial, const model::Progress& cursor,
                        CommitReply reply) {
  Held* here = held(partition, serial);
  if (here == nullptr) return;
  here->committing = false;
  history_.replied(life_, partition, reply);
  if (reply == CommitReply::applied || is(GroupMutation::forgets_failed_commit))
    here->committed = cursor;
  if (here->stage == Stage::parting) go_on_parting(partition);
}

}  // namespace pelton::simulation
