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

// How many events of a batch of so many are few: to copy them costs little beside what was done
// with the others.
std::uint32_t few_of(std::uint32_t events) {
  return std::max({1U, events / 16, std::min(events / 4, 8U)});
}

// The slot is unsettled and in the batch.
bool belongs(const Slot& slot, const HeldBatch& held) {
  return slot.held == &held && slot.state != SlotState::settled;
}

}  // namespace

Window::Window(std::uint32_t events, std::uint64_t bytes, MemoryBudget* memory)
    : most_(std::bit_ceil(events)),
      most_bytes_(bytes),
      memory_(memory),
      ring_(std::min(most_, kFirstPlaces)),
      mask_(ring_.size() - 1) {}

model::ClaimedBatch Window::claimed(model::BatchPtr batch) {
  bytes_ += batch->memory();
  return {std::move(batch), memory_, MemoryUse::unsettled};
}

void Window::hold(model::BatchPtr batch, WallTime arrived) {
  ENSURE(emptied_.empty() && thinned_.empty(), "settled slots are forgotten before others come");
  if (!held_.empty() && held_.back().batch.batch() == batch) return;
  held_.push_back({claimed(std::move(batch)), tail_, tail_, 0, 0, arrived});
}

Position Window::push(std::uint32_t index, Offset offset, LaneKey lane) {
  HeldBatch& held = held_.back();
  held.end = tail_ + 1;
  held.few = few_of(++held.live);  // first, so that making room does not let go of it
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
  aside.held = {claimed(builder_.finish()), head_, head_ + 1, 1, 0, slot.held->arrived};
  aside.slot.held = &aside.held;
  aside.slot.index = 0;
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
  count_off(*slot.held);
  slot.held = nullptr;
}

void Window::restore(Position position, model::BatchPtr batch, std::uint32_t index, WallTime now) {
  Slot& slot = at(position);
  ENSURE(!slot.present(), "event {} is here", slot.offset);
  released_.erase(position);
  HeldBatch held{claimed(std::move(batch)), position, position + 1, 1, 0, now};
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
  if (!again_.empty()) std::erase_if(again_, [](const auto& each) { return !each.second.batch; });
  while (head_ < tail_ && ring_[head_ & mask_].state == SlotState::settled) ++head_;
  for (const Position position : settled_aside_) aside_.erase(position);
  settled_aside_.clear();
  if (!thinned_.empty()) look_at_thinned();
  drop_batches();
  if (worth_compacting()) compact();
}

void Window::look_at_thinned() {
  for (HeldBatch* const held : std::exchange(thinned_, {})) {
    held->few = held->live > 1 ? std::max(1U, held->live / 4) : 0;
    if (held->batch) compact(*held);
  }
}

// Memory is short, and enough was settled or taken in since the last time to pay for a look at all
// slots.
bool Window::worth_compacting() const {
  if (settled_ == 0 || bytes_ == 0) return false;
  if (bytes_ <= most_bytes_ / 2 && (memory_ == nullptr || memory_->has_room(MemoryUse::unsettled)))
    return false;
  const std::uint64_t slots = tail_ - head_;
  const bool nearly_full = bytes_ > most_bytes_ / 8 * 7;
  return bytes_ > compacted_bytes_ + most_bytes_ / 8 || settled_ > slots / (nearly_full ? 64 : 4);
}

void Window::compact() {
  settled_ = 0;
  for (HeldBatch& held : held_)
    if (held.batch) compact(held);
  compacted_bytes_ = bytes_;
}

void Window::compact(HeldBatch& held) {
  // What is before the head has been set aside.
  const Position begin = std::max(held.begin, head_);
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
  held.batch = claimed(builder_.finish());
}

}  // namespace pelton::dispatch
