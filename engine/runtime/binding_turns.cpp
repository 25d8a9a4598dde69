// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/binding_turns.h"

namespace pelton::runtime {

BindingTurns::~BindingTurns() {
  if (setup_.all != nullptr) setup_.all->leave(*this);
}

std::optional<PartitionId> BindingTurns::next() {
  if (later_.empty()) return std::nullopt;
  auto next = later_.upper_bound(last_);
  if (next == later_.end()) next = later_.begin();
  if (setup_.dispatcher.wants(*next).later) return std::nullopt;
  last_ = *next;
  later_.erase(next);
  return last_;
}

std::optional<stream::Reads> BindingTurns::may_read(PartitionId partition) {
  MemoryTurns* const all = setup_.all;
  if (all == nullptr || all->room() || setup_.input.stock(partition) == stream::Stock::here)
    return stream::Reads::within_memory;
  // Its present events are processed; it asks again once they are settled.
  if (setup_.dispatcher.counts(partition).unsettled > 0) {
    all->call_when_room(*this);
    return std::nullopt;
  }
  if (!all->may_begin(*this, partition)) return std::nullopt;
  return stream::Reads::one_batch;
}

std::vector<PartitionId> BindingTurns::given() const {
  return setup_.all == nullptr ? std::vector<PartitionId>{} : setup_.all->of(*this);
}

void BindingTurns::review(PartitionId partition, bool goes_on) {
  const dispatch::PartitionCounts counts = setup_.dispatcher.counts(partition);
  const stream::Stock stock = goes_on ? setup_.input.stock(partition) : stream::Stock::empty;
  if (counts.unsettled == 0 && stock == stream::Stock::reading) return;
  // What is parked, or waits behind what is, may do so for hours.
  const bool done = counts.unsettled == counts.retrying + counts.waiting;
  if (done && stock != stream::Stock::here)
    setup_.all->end(*this, partition);
  else
    setup_.all->holds(*this, partition, counts.bytes, counts.in_flight > 0);
}

}  // namespace pelton::runtime
