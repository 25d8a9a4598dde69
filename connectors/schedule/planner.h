// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/recurrence.h"
#include "connectors/schedule/slot.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace pelton::schedule {

// What to do about slots that passed while the engine did not run, or could not store events.
enum class Missed {
  skip,
  one,  // the newest of them gives an event
  all,  // the newest Policy::kMost of them do
};

// What to do about a slot that is due while the event of the one before is not settled.
enum class Overlap { allow, skip, queue };

// Value.
struct Policy {
  // Slots that are kept back at most: those that `all` makes up for, and those that `queue` holds.
  static constexpr std::size_t kMost = 1'000;
  // A slot that is later than this is missed.
  static constexpr std::chrono::seconds kLate{60};

  Missed missed = Missed::one;
  Overlap overlap = Overlap::allow;
  std::chrono::seconds jitter{0};  // each slot is due by up to this later
  std::uint64_t seed = 0;          // of the schedule's name: when a slot is due never changes
};

// Value. How far a schedule has come: what has to be kept across restarts.
struct SlotProgress {
  // Slots from `first` to `last` that are decided: each has given an event, is in `pending` or was
  // skipped for its overlap. Slots that were missed are in no run: when the clock turns out to have
  // been ahead, they come again.
  struct Run {
    Slot first{}, last{};
    friend bool operator==(const Run&, const Run&) = default;
  };
  // Further runs are joined to their neighbours, the oldest first.
  static constexpr std::size_t kMostRuns = 16;

  // Slots up to here are not made up for any more.
  Slot cursor{};
  std::vector<Run> decided{};  // ascending
  std::deque<Slot> pending{};  // accepted and kept back, ascending

  friend bool operator==(const SlotProgress&, const SlotProgress&) = default;
};

// The position of a schedule that starts: nothing comes of the past.
SlotProgress first_position(Slot now);

// Slots that were decided to give no event.
struct Skipped {
  std::uint64_t slots = 0;
  Slot first{}, last{};
};

// What a look at the clock came to.
struct Look {
  std::vector<Slot> fire;  // give events, ascending
  Skipped missed, overlap;
  bool changed = false;  // the position has
};

// Decides which slots give events: each at most once whatever the clock does and however often the
// engine stops, as long as positions are kept with the events. Pure: time comes in. One thread.
class Planner {
 public:
  Planner(Recurrence recurrence, Policy policy, SlotProgress position);

  // At this time by the wall clock. `unsettled`: the event of the newest slot that gave one is not
  // settled (for Overlap::skip and queue). At most `room` slots give events, the others are kept
  // back.
  Look look(Slot now, bool unsettled, std::size_t room);
  // Whether look() could give an event or change anything.
  bool due(Slot now) const;
  // The next slot that was not decided, and when it is due.
  std::optional<Slot> next_slot() const {
    return next_ ? std::optional(next_->slot) : std::nullopt;
  }
  std::optional<Slot> next_due() const;
  // A slot is due by its jitter later than itself.
  Slot due_time(Slot slot) const;

  const SlotProgress& position() const { return position_; }
  // As it was: what was fired since then was not stored.
  void restore(SlotProgress position);

 private:
  // A slot that is not decided, and the one before it.
  struct Next {
    Slot slot, previous;
  };
  // Slots whose time has come.
  struct Passed {
    std::deque<Next> late;  // the newest Policy::kMost
    Skipped dropped;        // late ones before those
    std::vector<Next> on_time;
  };

  Passed take_passed(Slot now);
  void keep_late(Passed& passed) const;
  void decide(const Next& next, bool unsettled, Skipped& skipped);
  void add_decided(const Next& next);
  void fire(bool unsettled, std::size_t room, std::vector<Slot>& out);
  void move_to(Slot slot);
  std::optional<Next> after(Slot slot) const;

  Recurrence recurrence_;
  Policy policy_;
  SlotProgress position_;
  Slot at_{};                 // the slots up to here have been looked at
  std::optional<Next> next_;  // behind it
};

}  // namespace pelton::schedule
