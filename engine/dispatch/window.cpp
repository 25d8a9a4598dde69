// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/window.h"

#include "engine/base/ensure.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

namespace pelton::dispatch {
namespace {

// An idle partition takes little memory; the ring grows with what it holds.
constexpr std::size_t kFirstPlaces = 64;

// A batch is worth copying from when at most one part of so many is unsettled: less would copy much
// for little.
constexpr std::uint64_t kSparse = 4;

// The slot is unsettled and in the batch.
bool belongs(const Slot& slot, const HeldBatch& held) {
  return slot.held == &held && slot.state != SlotState::settled;
}

}  // namespace

Window::Window(std::uint32_t events, std::uint64_t bytes)
    : most_(std::bit_ceil(events)),
      most_bytes_(bytes),
      ring_(std::min(most_, kFirstPlaces)),
      mask_(ring_.size() - 1) {}

void Window::hold(model::BatchPtr batch, WallTime arrived) {
  ENSURE(emptied_.empty(), "settled slots are forgotten before others come");
  if (!held_.empty() && held_.back().batch == batch) return;
  bytes_ += batch->memory();
  held_.push_back({std::move(batch), tail_, 0, arrived});
}

Position Window::push(std::uint32_t index, Offset offset, LaneKey lane) {
  HeldBatch& held = held_.back();
  held.end = tail_ + 1;
  ++held.live;  // first, so that making room does not let go of it
  if (tail_ - head_ == ring_.size()) make_room();
  ring_[tail_ & mask_] = {&held, index, SlotState::pending, offset, lane, kNoPosition};
  ++unsettled_;
  return tail_++;
}

// At full size, the head has been looked at: no more than `events` are pending.
void Window::make_room() {
  if (ring_.size() < most_) return grow();
  const Slot& head = ring_[head_ & mask_];
  ENSURE(head.state != SlotState::pending, "the window of {} is full", most_);
  if (head.state != SlotState::settled) set_aside(head);
  ++head_;
  drop_batches();
}

void Window::set_aside(const Slot& slot) {
  if (!slot.present()) {
    aside_.try_emplace(aside_.end(), head_, Aside{slot, {}});
    return;
  }
  builder_.add(slot.batch(), slot.index);
  Aside& aside = aside_.try_emplace(aside_.end(), head_, Aside{slot, {}})->second;
  aside.held = {builder_.finish(), head_ + 1, 1, slot.held->arrived};
  aside.slot.held = &aside.held;
  aside.slot.index = 0;
  bytes_ += aside.held.batch->memory();
  if (--slot.held->live == 0) let_go(*slot.held);
}

void Window::grow() {
  std::vector<Slot> larger(ring_.size() * 2);
  const std::uint64_t mask = larger.size() - 1;
  for (Position p = head_; p < tail_; ++p) larger[p & mask] = ring_[p & mask_];
  ring_ = std::move(larger);
  mask_ = mask;
}

void Window::release(Position position) {
  Slot& slot = at(position);
  released_.emplace(position, slot.batch().time_us(slot.index));
  if (--slot.held->live == 0) emptied_.push_back(slot.held);
  slot.held = nullptr;
}

void Window::restore(Position position, model::BatchPtr batch, std::uint32_t index, WallTime now) {
  Slot& slot = at(position);
  ENSURE(!slot.present(), "event {} is here", slot.offset);
  released_.erase(position);
  bytes_ += batch->memory();
  HeldBatch held{std::move(batch), position + 1, 1, now};
  HeldBatch& kept = position < head_ ? aside_.at(position).held : again_[position];
  kept = std::move(held);
  slot.held = &kept;
  slot.index = index;
}

std::int64_t Window::time_us(Position position) const {
  const Slot& slot = at(position);
  return slot.present() ? slot.batch().time_us(slot.index) : released_.at(position);
}

void Window::let_go(HeldBatch& held) {
  bytes_ -= held.batch->memory();
  compacted_bytes_ = std::min(compacted_bytes_, bytes_);
  held.batch.reset();
}

void Window::drop_batches() {
  while (!held_.empty() && held_.front().end <= head_) held_.pop_front();
}

void Window::pop_settled() {
  for (HeldBatch* held : std::exchange(emptied_, {})) let_go(*held);
  if (!again_.empty())
    std::erase_if(again_, [](const auto& each) { return each.second.batch == nullptr; });
  while (head_ < tail_ && ring_[head_ & mask_].state == SlotState::settled) ++head_;
  for (const Position position : settled_aside_) aside_.erase(position);
  settled_aside_.clear();
  drop_batches();
  if (worth_compacting()) compact();
}

// Memory is short, and enough was settled or taken in since the last time to pay for a look at all
// slots.
bool Window::worth_compacting() const {
  if (settled_ == 0 || bytes_ <= most_bytes_ / 2) return false;
  const std::uint64_t slots = tail_ - head_;
  const bool nearly_full = bytes_ > most_bytes_ / 8 * 7;
  return bytes_ > compacted_bytes_ + most_bytes_ / 8 || settled_ > slots / (nearly_full ? 64 : 4);
}

void Window::compact() {
  settled_ = 0;
  Position begin = head_;
  for (HeldBatch& held : held_) {
    if (held.batch) compact(held, begin);
    begin = held.end;
  }
  compacted_bytes_ = bytes_;
}

void Window::compact(HeldBatch& held, Position begin) {
  std::uint64_t bytes = 0;
  for (Position p = begin; p < held.end; ++p)
    if (belongs(at(p), held)) bytes += payload(at(p));
  if (held.batch->memory() < kSparse * (sizeof(model::Batch) + bytes)) return;
  std::uint32_t index = 0;
  std::optional<Offset> first;
  for (Position p = begin; p < held.end; ++p) {
    Slot& slot = at(p);
    if (!belongs(slot, held)) continue;
    if (!first) first = slot.offset;
    builder_.add_at(*held.batch, slot.index, static_cast<std::uint32_t>(slot.offset - *first));
    slot.index = index++;
  }
  let_go(held);
  held.batch = builder_.finish();
  bytes_ += held.batch->memory();
}

}  // namespace pelton::dispatch
