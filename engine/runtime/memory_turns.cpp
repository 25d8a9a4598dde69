// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/memory_turns.h"

#include "engine/stream/read_room.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::runtime {

template <typename Which>
void MemoryTurns::end_turns(Which which) {
  for (auto turn = turns_.begin(); turn != turns_.end();) {
    const bool ends = which(turn->first, turn->second);
    if (ends) forget(turn->second);
    turn = ends ? turns_.erase(turn) : std::next(turn);
  }
}

bool MemoryTurns::room() const {
  return waiting_.empty() && stream::room_to_read(&memory_);
}

bool MemoryTurns::may_begin(Taker& taker, PartitionId partition) {
  const Claimant place{&taker, partition};
  if (turns_.contains(place)) return true;
  auto queue = std::ranges::find(waiting_, &taker, &Queue::taker);
  if (queue == waiting_.end()) queue = waiting_.insert(waiting_.end(), {&taker, {}});
  if (std::ranges::find(queue->partitions, partition) == queue->partitions.end())
    queue->partitions.push_back(partition);
  give_turns(&place);
  return turns_.contains(place);
}

void MemoryTurns::holds(Taker& taker, PartitionId partition, std::uint64_t bytes, bool working) {
  const auto found = turns_.find({&taker, partition});
  if (found == turns_.end()) return;
  Turn& turn = found->second;
  forget(turn);
  turn.read = true;
  turn.bytes = std::max(turn.bytes, bytes);
  turn.idle = !working;
  turn.seen_idle = turn.seen_idle && turn.idle;
  bytes_ += turn.bytes;
  give();
}

void MemoryTurns::forget(const Turn& turn) {
  if (turn.read)
    bytes_ -= turn.bytes;
  else
    --unread_;
}

void MemoryTurns::end(Taker& taker, PartitionId partition) {
  if (const auto turn = turns_.find({&taker, partition}); turn != turns_.end()) {
    forget(turn->second);
    turns_.erase(turn);
  }
  const auto queue = std::ranges::find(waiting_, &taker, &Queue::taker);
  if (queue != waiting_.end()) {
    std::erase(queue->partitions, partition);
    if (queue->partitions.empty()) waiting_.erase(queue);
  }
  give();
}

void MemoryTurns::leave(Taker& taker) {
  end_turns([&](const Claimant& place, const Turn&) { return place.first == &taker; });
  std::erase_if(waiting_, [&](const Queue& queue) { return queue.taker == &taker; });
  refused_.erase(&taker);
  give();
}

std::vector<PartitionId> MemoryTurns::of(const Taker& taker) const {
  std::vector<PartitionId> partitions;
  for (auto turn = turns_.lower_bound({&taker, PartitionId{0}});
       turn != turns_.end() && turn->first.first == &taker; ++turn)
    partitions.push_back(turn->first.second);
  return partitions;
}

// The next one waits until it is known what the last one has read.
bool MemoryTurns::may_give() const {
  return unread_ == 0 && (turns_.empty() || bytes_ < most_ || stream::room_to_read(&memory_));
}

void MemoryTurns::give_turns(const Claimant* asker) {
  while (!waiting_.empty() && may_give()) give_next(asker);
}

void MemoryTurns::give() {
  give_turns(nullptr);
  if (refused_.empty() || !room()) return;
  for (Taker* const taker : std::exchange(refused_, {})) taker->room_again();
}

// The asker reads at once. Were it called as well, one that finds nothing and ends its turn would
// ask again, and so on without end.
void MemoryTurns::give_next(const Claimant* asker) {
  Queue first = std::move(waiting_.front());
  waiting_.pop_front();
  const PartitionId partition = first.partitions.front();
  first.partitions.pop_front();
  Taker& taker = *first.taker;
  if (!first.partitions.empty()) waiting_.push_back(std::move(first));
  const Claimant place{&taker, partition};
  turns_.emplace(place, Turn{});
  ++unread_;
  if (asker == nullptr || *asker != place) taker.your_turn(partition);
}

void MemoryTurns::take_back_idle() {
  end_turns(
      [](const Claimant&, Turn& turn) { return turn.idle && std::exchange(turn.seen_idle, true); });
  give();
}

}  // namespace pelton::runtime
