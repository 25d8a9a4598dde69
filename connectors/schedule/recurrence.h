// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/calendar.h"
#include "connectors/schedule/slot.h"
#include "connectors/schedule/zone.h"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>

namespace pelton::schedule {

// What becomes of local times that clock changes of less than three hours leave out or repeat;
// longer ones, when a place changes its side of the date line, are as they are on the clock.
enum class ClockChanges {
  // Vixie cron, minutes and hours given: what is left out comes when the clock has changed (several
  // slots as one), what is repeated comes the first time only.
  fixed,
  // Vixie cron, minutes or hours `*`: as the clock shows it. Nothing comes for what is left out,
  // what is repeated comes twice.
  wildcard,
  // EventBridge Scheduler: nothing comes for what is left out, what is repeated comes the first
  // time only.
  eventbridge,
};

// Value. When a schedule gives events. Pure: the same answer at any time, on any machine with the
// same time zone database.
class Recurrence {
 public:
  // Minutes of a calendar in a time zone.
  struct OfCalendar {
    Calendar calendar;
    ClockChanges changes = ClockChanges::fixed;
    Zone zone{};
  };
  // The origin and everything at multiples of the interval from it, before and after.
  struct OfInterval {
    std::chrono::seconds interval{1};
    Slot origin{};
  };

  // Without slots before `first`.
  Recurrence(OfCalendar calendar, std::optional<Slot> first = std::nullopt)
      : what_(std::move(calendar)), first_(first) {}
  Recurrence(OfInterval interval, std::optional<Slot> first = std::nullopt)
      : what_(interval), first_(first) {}

  // The first slot after that time; nothing when there is none any more.
  std::optional<Slot> next(Slot after) const;
  // No two slots are nearer to each other.
  std::chrono::seconds least_distance() const;

 private:
  std::variant<OfCalendar, OfInterval> what_;
  std::optional<Slot> first_;
};

}  // namespace pelton::schedule
