// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/window.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "engine/base/ensure.h"

namespace pelton::dispatch {

Window::Window(std::uint32_t limit) : ring_(std::bit_ceil(limit)), mask_(ring_.size() - 1) {}

void Window::hold(model::BatchPtr batch) {
  if (held_.empty() || held_.back().batch != batch) held_.push_back({std::move(batch), tail_});
}

const model::BatchPtr& Window::batch_at(Position position) const {
  const auto held = std::ranges::upper_bound(held_, position, {}, &Held::end);
  ENSURE(held != held_.end() && held->batch.get() == at(position).batch,
         "the window holds the batch of every slot");
  return held->batch;
}

Position Window::push(const model::Batch& batch, std::uint32_t index, Offset offset, LaneKey lane) {
  ENSURE(size() < ring_.size(), "the window of {} is full", ring_.size());
  ring_[tail_ & mask_] = {&batch, index, SlotState::pending, offset, lane, kNoPosition};
  held_.back().end = tail_ + 1;
  return tail_++;
}

std::uint64_t Window::pop_settled() {
  const Position before = head_;
  while (head_ < tail_ && at(head_).state == SlotState::settled) ++head_;
  while (!held_.empty() && held_.front().end <= head_) held_.pop_front();
  return head_ - before;
}

}  // namespace pelton::dispatch
