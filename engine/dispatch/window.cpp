// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/window.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace pelton::dispatch {
namespace {

// An idle partition takes little memory; the ring grows with what it holds.
constexpr std::size_t kFirstPlaces = 1024;

}  // namespace

Window::Window(std::uint32_t limit)
    : most_(std::bit_ceil(limit)), ring_(std::min(most_, kFirstPlaces)), mask_(ring_.size() - 1) {}

void Window::hold(model::BatchPtr batch, WallTime arrived) {
  if (held_.empty() || held_.back().batch != batch)
    held_.push_back({std::move(batch), tail_, arrived});
}

const Window::Held& Window::held_at(Position position) const {
  const auto held = std::ranges::upper_bound(held_, position, {}, &Held::end);
  ENSURE(held != held_.end(), "the window holds the batch of every slot");
  return *held;
}

const model::BatchPtr& Window::batch_at(Position position) const {
  return position < head_ ? aside_.find(position)->second.batch : held_at(position).batch;
}

Position Window::push(const model::Batch& batch, std::uint32_t index, Offset offset, LaneKey lane) {
  if (tail_ - head_ == ring_.size()) make_room();
  ring_[tail_ & mask_] = {&batch, index, SlotState::pending, offset, lane, kNoPosition};
  held_.back().end = tail_ + 1;
  ++unsettled_;
  return tail_++;
}

// At full size, the head has been looked at: no more than `limit` events are pending.
void Window::make_room() {
  if (ring_.size() < most_) return grow();
  const Slot& head = ring_[head_ & mask_];
  ENSURE(head.state != SlotState::pending, "the window of {} is full", most_);
  if (head.state != SlotState::settled) {
    builder_.add(*head.batch, head.index);
    Aside& aside = aside_.try_emplace(aside_.end(), head_, head, builder_.finish())->second;
    aside.slot.batch = aside.batch.get();
    aside.slot.index = 0;
  }
  ++head_;
  drop_batches();
}

void Window::grow() {
  std::vector<Slot> larger(ring_.size() * 2);
  const std::uint64_t mask = larger.size() - 1;
  for (Position p = head_; p < tail_; ++p) larger[p & mask] = ring_[p & mask_];
  ring_ = std::move(larger);
  mask_ = mask;
}

void Window::drop_batches() {
  while (!held_.empty() && held_.front().end <= head_) held_.pop_front();
}

void Window::pop_settled() {
  while (head_ < tail_ && ring_[head_ & mask_].state == SlotState::settled) ++head_;
  for (const Position position : settled_aside_) aside_.erase(position);
  settled_aside_.clear();
  drop_batches();
}

}  // namespace pelton::dispatch
