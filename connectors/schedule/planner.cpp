// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/planner.h"

#include "engine/base/hash.h"

#include <algorithm>
#include <utility>

namespace pelton::schedule {
namespace {

using std::chrono::seconds;

// Slots that are counted one by one when many have been missed; those before are left out.
constexpr std::int64_t kMostCounted = 1'000'000;

void add(Skipped& skipped, Slot slot) {
  if (skipped.slots++ == 0) skipped.first = slot;
  skipped.last = slot;
}

}  // namespace

SlotProgress first_position(Slot now) {
  SlotProgress position;
  position.cursor = now;
  return position;
}

Planner::Planner(Recurrence recurrence, Policy policy, SlotProgress position)
    : recurrence_(std::move(recurrence)), policy_(policy) {
  restore(std::move(position));
}

void Planner::restore(SlotProgress position) {
  position_ = std::move(position);
  move_to(position_.cursor);
}

void Planner::move_to(Slot slot) {
  at_ = slot;
  next_ = after(slot);
}

std::optional<Planner::Next> Planner::after(Slot slot) const {
  auto next = recurrence_.next(slot);
  for (const SlotProgress::Run& run : position_.decided) {
    if (!next || *next < run.first) break;
    if (*next > run.last) continue;
    slot = run.last;
    next = recurrence_.next(slot);
  }
  return next ? std::optional<Next>({*next, slot}) : std::nullopt;
}

Slot Planner::due_time(Slot slot) const {
  if (policy_.jitter == seconds{0}) return slot;
  const std::int64_t words[] = {static_cast<std::int64_t>(policy_.seed),
                                slot.time_since_epoch().count()};
  const std::uint64_t random = hash64({reinterpret_cast<const char*>(words), sizeof words});
  const auto most = static_cast<std::uint64_t>(policy_.jitter.count());
  return slot + seconds{random % (most + 1)};
}

std::optional<Slot> Planner::next_due() const {
  return next_ ? std::optional(due_time(next_->slot)) : std::nullopt;
}

bool Planner::due(Slot now) const {
  return !position_.pending.empty() || now < at_ || (next_ && due_time(next_->slot) <= now);
}

Look Planner::look(Slot now, bool unsettled, std::size_t room) {
  Look look;
  const SlotProgress before = position_;
  if (now < at_) move_to(now - seconds{1});
  Passed passed = take_passed(now);
  keep_late(passed);
  look.missed = passed.dropped;
  for (const Next& next : passed.late) decide(next, unsettled, look.overlap);
  for (const Next& next : passed.on_time) decide(next, unsettled, look.overlap);
  // A slot that is on time shows that the clock is right: what was decided beyond it is no matter.
  if (!passed.on_time.empty()) position_.cursor = passed.on_time.back().slot;
  position_.cursor = std::max(position_.cursor, at_);
  move_to(at_);
  fire(unsettled, room, look.fire);
  look.changed = position_ != before;
  return look;
}

Planner::Passed Planner::take_passed(Slot now) {
  Passed passed;
  const Slot countable = now - seconds{kMostCounted * recurrence_.least_distance().count()};
  if (next_ && next_->slot < countable) {
    if (next_->slot > position_.cursor) add(passed.dropped, next_->slot);
    move_to(countable);
  }
  for (; next_ && due_time(next_->slot) <= now; move_to(next_->slot)) {
    if (now - due_time(next_->slot) <= Policy::kLate) {
      passed.on_time.push_back(*next_);
    } else if (next_->slot > position_.cursor) {
      passed.late.push_back(*next_);
      if (passed.late.size() <= Policy::kMost) continue;
      add(passed.dropped, passed.late.front().slot);
      passed.late.pop_front();
    }
  }
  return passed;
}

void Planner::keep_late(Passed& passed) const {
  std::size_t keep = passed.late.size();
  if (policy_.missed == Missed::skip) keep = 0;
  if (policy_.missed == Missed::one) keep = std::min<std::size_t>(keep, 1);
  for (; passed.late.size() > keep; passed.late.pop_front())
    add(passed.dropped, passed.late.front().slot);
}

void Planner::decide(const Next& next, bool unsettled, Skipped& skipped) {
  add_decided(next);
  const bool waits = unsettled || !position_.pending.empty();
  if ((policy_.overlap == Overlap::skip && waits) || position_.pending.size() >= 2 * Policy::kMost)
    add(skipped, next.slot);
  else
    position_.pending.push_back(next.slot);
}

void Planner::add_decided(const Next& next) {
  auto& runs = position_.decided;
  const auto behind = std::ranges::lower_bound(runs, next.slot, {}, &SlotProgress::Run::first);
  if (behind != runs.begin() && std::prev(behind)->last == next.previous) {
    std::prev(behind)->last = next.slot;
    return;
  }
  runs.insert(behind, {next.slot, next.slot});
  if (runs.size() <= SlotProgress::kMostRuns) return;
  runs[1].first = runs[0].first;
  runs.erase(runs.begin());
}

void Planner::fire(bool unsettled, std::size_t room, std::vector<Slot>& out) {
  std::size_t most = room;
  if (policy_.overlap != Overlap::allow) most = std::min<std::size_t>(room, unsettled ? 0 : 1);
  for (; out.size() < most && !position_.pending.empty(); position_.pending.pop_front())
    out.push_back(position_.pending.front());
}

}  // namespace pelton::schedule
