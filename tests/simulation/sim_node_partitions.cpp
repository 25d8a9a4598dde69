// SPDX-License-Identifier: Apache-2.0
// What a node does with the partitions that it is given, asked for, and loses.
#include "engine/model/offset_ranges.h"
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

stream::GroupCommit SimNode::group_commit(PartitionId partition, const Committed& committed) const {
  stream::GroupCommit commit{partition, committed.cursor.settled, committed.cursor.settled,
                             std::nullopt, broker_.end(partition)};
  if (committed.node == 0) return commit;
  commit.metadata = {committed.node, committed.epoch, committed.cursor.completed};
  if (!is(GroupMutation::forgets_attempts)) commit.metadata->tried = committed.tried;
  auto& completed = commit.metadata->completed;
  if (is(GroupMutation::ignores_metadata)) completed.clear();
  if (is(GroupMutation::skips_metadata_twice))
    for (OffsetRange& range : completed) range.end += range.end - range.begin;
  return commit;
}

stream::LocalProgress SimNode::local(const stream::GroupCommit& commit) {
  stream::LocalProgress local;
  if (is(GroupMutation::forgets_local)) return local;
  const BindingId binding = scenario_.base.binding.id;
  const model::StreamPartition at{kInput, commit.partition};
  const auto cursor = disk_.store->store().cursor(binding, at);
  auto retries = disk_.store->store().retries(binding, at);
  if (!cursor || !retries) {
    history_.violation("the store of node {} cannot be read", disk_.node);
    return local;
  }
  if (const auto epoch = disk_.epochs.find(commit.partition); epoch != disk_.epochs.end())
    local.epoch = epoch->second;
  if (is(GroupMutation::ignores_epoch) && commit.metadata) local.epoch = commit.metadata->epoch;
  local.progress = *cursor;
  local.retries = std::move(*retries);
  return local;
}

void SimNode::restore(PartitionId partition, std::uint64_t serial, const Committed& committed) {
  history_.begin(life_, disk_.node, partition, generation_, committed, disk_.store->disk());
  const auto commit = group_commit(partition, committed);
  // By chance, not by counting: a disk that is exchanged for an older one would count the same
  // again.
  auto start = progress_.decide(commit, local(commit), dice_.seed() >> 3);
  break_start(start);
  if (start.trusted) return begin(start);
  forget(start, [=, this] {
    if (held(partition, serial) != nullptr) begin(start);
  });
}

void SimNode::break_start(stream::PartitionStart& start) {
  stream::GroupCommit of_nobody;
  of_nobody.partition = start.partition;
  const auto known = local(of_nobody);
  model::Progress& progress = start.restored.progress;
  if (is(GroupMutation::ignores_committed) && known.progress) progress = *known.progress;
  if (is(GroupMutation::trusts_foreign_ranges) && known.progress) {
    model::OffsetRanges all(progress);
    all.add(0, known.progress->settled);
    for (const OffsetRange& range : known.progress->completed) all.add(range.begin, range.end);
    progress = all.stored();
  }
  if (is(GroupMutation::trusts_foreign_retries)) start.restored.retries = known.retries;
}

void SimNode::forget(const stream::PartitionStart& start, std::function<void()> durable) {
  const BindingId binding = scenario_.base.binding.id;
  const model::StreamPartition at{kInput, start.partition};
  model::Transaction transaction;
  transaction.progress.push_back({binding, at, start.restored.progress});
  for (const auto& [place, state] : disk_.store->disk().retries)
    if (place.first == start.partition)
      transaction.retries.push_back({binding, at, place.second, std::nullopt});
  for (const auto& retry : start.restored.retries)
    transaction.retries.push_back({binding, at, retry.offset, retry.state});
  disk_.store->submit(kEpochTag | start.epoch, std::move(transaction),
                      [this, durable = std::move(durable)] { gate(durable); });
}

void SimNode::begin(const stream::PartitionStart& start) {
  partitions_.at(start.partition).stage = Stage::active;
  progress_.begin(start);
  // What these left behind.
  if (is(GroupMutation::answers_revoke_early) || is(GroupMutation::ignores_lost))
    dispatcher_.revoke(start.partition);
  dispatcher_.assign(start.partition, start.restored);
  complete();
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
  if (progress_.committing()) return;
  if (!progress_.uncommitted(partition) || std::exchange(held.last_tried, true) ||
      is(GroupMutation::forgets_last_commit))
    return let_go(partition);
  commit();
}

void SimNode::let_go(PartitionId partition) {
  history_.let_go(life_, partition);
  if (is(GroupMutation::commits_after_revoke) && sent_.contains(partition))
    send(sent_.at(partition), [](CommitReply) {});
  asked_.erase(partition);
  if (!is(GroupMutation::answers_revoke_early)) {
    partitions_.erase(partition);
    progress_.end(partition);
    complete();
  }
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
      if (is(GroupMutation::commits_after_lost) && progress_.uncommitted(partition)) {
        const auto only = [partition](PartitionId p) { return p == partition; };
        for (const auto& position : progress_.take_positions(only))
          send(position, [](CommitReply) {});
      }
      if (held.stage != Stage::parting && !is(GroupMutation::ignores_lost))
        dispatcher_.revoke(partition);
    }
    if (!is(GroupMutation::ignores_lost)) {
      partitions_.clear();
      for (const PartitionId partition : progress_.partitions()) progress_.end(partition);
      complete();
    }
    asked_.clear();
    answering_ = false;
    member_ = 0;
    if (gone_) return std::exchange(gone_, nullptr)();
    after(Duration{dice_.between(100, 5'000)}, [this] { member_ = broker_.join(*this); });
    after_call();
  });
}

void SimNode::tick() {
  commit();
  if (!alive_) return;
  after(scenario_.commit_interval, [this] { tick(); });
}

void SimNode::commit() {
  if (!progress_.committing()) send(progress_.take_positions([](PartitionId) { return true; }));
}

void SimNode::send(const std::vector<stream::GroupPosition>& positions) {
  unanswered_ = positions.size();
  all_applied_ = true;
  for (const stream::GroupPosition& position : positions) {
    if (!alive_) return;
    if (dice_.chance(scenario_.faults.die_at_commit)) return kill_();
    const auto held = partitions_.find(position.partition);
    send(position, [this, partition = position.partition,
                    serial = held == partitions_.end() ? 0 : held->second.serial](
                       CommitReply reply) { answered(partition, serial, reply); });
  }
}

void SimNode::send(const stream::GroupPosition& position,
                   std::function<void(CommitReply)> answered) {
  const PartitionId partition = position.partition;
  sent_[partition] = position;
  Committed value{{position.offset, position.metadata.completed},
                  disk_.node,
                  position.metadata.epoch,
                  position.metadata.tried};
  if (is(GroupMutation::commits_read_position))
    value.cursor = {std::max(position.offset, dispatcher_.wants(partition).from), {}};
  const Generation generation =
      is(GroupMutation::commits_old_generation) ? partitions_.at(partition).first : generation_;
  history_.committing(life_, partition, generation, value);
  broker_.commit(member_, generation, partition, value,
                 [this, answered = std::move(answered)](CommitReply reply) {
                   gate([=] { answered(reply); });
                 });
}

// The engine's commit is of all partitions, and applied when it is for each.
void SimNode::answered(PartitionId partition, std::uint64_t serial, CommitReply reply) {
  if (held(partition, serial) != nullptr) history_.replied(life_, partition, reply);
  all_applied_ = all_applied_ && reply == CommitReply::applied;
  if (--unanswered_ == 0) committed();
}

void SimNode::committed() {
  progress_.committed(all_applied_ || is(GroupMutation::forgets_failed_commit));
  complete();
  for (const PartitionId partition : std::set<PartitionId>(asked_))
    if (const auto found = partitions_.find(partition);
        found != partitions_.end() && found->second.stage == Stage::parting)
      go_on_parting(partition);
  feed_all();
}

}  // namespace pelton::simulation
