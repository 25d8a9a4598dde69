// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/rereads.h"

#include <iterator>
#include <optional>

namespace pelton::dispatch {
namespace {

// Of one partition, at a time: enough to keep the reader busy.
constexpr std::size_t kMostReads = 16;

std::optional<std::uint32_t> index_of(const model::Batch& batch, Offset base, Offset offset) {
  for (std::uint32_t i = 0; i < batch.size(); ++i)
    if (base + batch.delta(i) == offset) return i;
  return std::nullopt;
}

}  // namespace

void Rereads::want(Partition& partition, Position position) {
  partition.queue.park(position, WallTime::max());
  partition.wanted.insert(position);
  wanting_.insert(partition.id);
}

bool Rereads::room(const Partition& partition) const {
  if (partition.reading.empty()) return true;
  return partition.reading.size() < kMostReads &&
         partition.bytes() < shared_.options.delivery.max_unsettled_bytes &&
         partition.memory_allows();
}

void Rereads::take(std::vector<Reread>& out) {
  for (auto id = wanting_.begin(); id != wanting_.end();) {
    Partition& partition = *shared_.partitions.find(*id);
    while (!partition.wanted.empty() && room(partition)) {
      const Position position = *partition.wanted.begin();
      partition.wanted.erase(position);
      const Offset offset = partition.queue.at(position).offset;
      if (partition.reading.emplace(offset, position).second)
        out.push_back({*id, offset, partition.tenure});
    }
    id = partition.wanted.empty() ? wanting_.erase(id) : std::next(id);
  }
}

void Rereads::answer(Partition& partition, const Reread& which, Offset base,
                     const model::BatchPtr& batch, WallTime now) {
  if (partition.tenure != which.tenure) return;
  const auto read = partition.reading.extract(which.offset);
  if (!read) return;
  const Position position = read.mapped();
  partition.wanted.erase(position);
  const auto index = batch ? index_of(*batch, base, which.offset) : std::nullopt;
  if (!index) {
    lose(partition, position);
  } else {
    // The rest of a larger batch is not to be held for one event.
    shared_.builder.add(*batch, *index);
    partition.queue.restore(position, shared_.builder.finish(), now);
    partition.queue.unpark(position);
  }
  partition.queue.forget_settled();
}

void Rereads::lose(Partition& partition, Position position) {
  PartitionQueue& queue = partition.queue;
  // Behind an earlier event of its key that has come back, it is asked for again in its turn.
  if (queue.at(position).state != SlotState::parked) return;
  queue.unpark(position);
  const LaneKey lane = queue.at(position).lane;
  if (!queue.pop(lane, FrameId{})) return;
  ++shared_.totals.lost;
  const auto key = partition.take_key(queue.at(position).offset);
  outcomes_.settle(partition, position);
  queue.leave_lane(lane, false);
  if (key) outcomes_.release_key(*key);
}

}  // namespace pelton::dispatch
