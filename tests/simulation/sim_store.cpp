// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_store.h"

#include "engine/model/offset_ranges.h"

#include <algorithm>
#include <utility>

namespace pelton::simulation {

SimStore::SimStore(Scheduler& scheduler, Dice dice, const Faults& faults, Listener listener)
    : scheduler_(scheduler), dice_(dice), faults_(faults), listener_(std::move(listener)) {}

void SimStore::submit(Tag tag, model::Transaction transaction, std::function<void()> durable) {
  queue_.push_back({tag, std::move(transaction), std::move(durable)});
  if (!writing_) begin_group();
}

void SimStore::begin_group() {
  writing_ = true;
  group_ = std::exchange(queue_, {});
  const Duration delay{dice_.chance(faults_.store_slow) ? dice_.between(5'000, 100'000)
                                                        : dice_.between(50, 1'000)};
  scheduler_.after(delay, [this, life = life_] {
    if (life == life_) end_group();
  });
}

void SimStore::end_group() {
  if (dice_.chance(faults_.store_fails)) return listener_.failed();
  const std::vector<Pending> group = std::exchange(group_, {});
  for (const Pending& pending : group) apply(pending);
  writing_ = false;
  if (!queue_.empty()) begin_group();
  // The callers learn of it a little later: a crash may come between.
  scheduler_.after(Duration{dice_.between(0, 40)}, [this, life = life_, group] {
    for (const Pending& pending : group)
      if (life == life_) pending.durable();
  });
}

void SimStore::crash() {
  ++life_;
  const std::vector<Pending> group = std::exchange(group_, {});
  if (writing_ && dice_.chance(0.5))
    for (const Pending& pending : group) apply(pending);
  writing_ = false;
  queue_.clear();
}

void SimStore::apply(const Pending& pending) {
  const auto placed = place(pending.transaction, disk_);
  listener_.applied(pending.tag, pending.transaction, placed);
  simulation::apply(pending.transaction, disk_);
}

std::vector<model::PlacedBatch> place(const model::Transaction& transaction, SimStore::Disk& disk) {
  std::vector<model::PlacedBatch> placed;
  for (const model::Append& append : transaction.appends) {
    SimStore::Log& log = disk.logs[append.to];
    log.batches.push_back({append.to, log.end, append.batch});
    log.end += append.batch->span();
    placed.push_back(log.batches.back());
  }
  return placed;
}

void apply(const model::Transaction& transaction, SimStore::Disk& disk) {
  for (const auto& update : transaction.progress) {
    model::Progress& stored = disk.cursors[update.at.partition];
    model::OffsetRanges settled(stored);
    model::apply(update, settled);
    stored = settled.stored();
  }
  for (const auto& update : transaction.retries) {
    const auto key = std::pair(update.at.partition, update.offset);
    if (update.state)
      model::apply(update, disk.retries[key]);
    else
      disk.retries.erase(key);
  }
  for (const auto& letter : transaction.dead_letters)
    if (letter.replays == 0 || disk.letters.contains(letter.id)) disk.letters[letter.id] = letter;
  for (const auto& id : transaction.dead_letters_removed) disk.letters.erase(id);
  for (const auto& keys : transaction.idempotency) disk.idempotency.push_back(keys);
}

const model::PlacedBatch* SimStore::batch_at(const model::StreamPartition& at,
                                             Offset offset) const {
  const auto log = disk_.logs.find(at);
  if (log == disk_.logs.end() || offset >= log->second.end) return nullptr;
  const auto& batches = log->second.batches;
  const auto found = std::ranges::upper_bound(
      batches, offset, {}, [](const auto& placed) { return placed.base + placed.batch->span(); });
  return &*found;
}

}  // namespace pelton::simulation
