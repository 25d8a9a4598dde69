// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/recurrence.h"

#include <algorithm>

namespace pelton::schedule {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using LocalSecond = std::chrono::local_seconds;

// Further clock changes are not looked at: more than any zone has in three hundred years.
constexpr int kMostSpans = 2'000;

LocalSecond local(Slot time, seconds offset) {
  return LocalSecond{time.time_since_epoch() + offset};
}

std::optional<LocalMinute> match_from(const Calendar& calendar, LocalSecond from) {
  return next_match(calendar, std::chrono::ceil<std::chrono::minutes>(from));
}

// Within a span, from `from` on.
std::optional<Slot> first_in_span(const Recurrence::OfCalendar& what, const Zone::Span& span,
                                  Slot from, bool& over) {
  const seconds change = span.offset - span.before;
  const bool handled = std::chrono::abs(change) < hours{3};
  LocalSecond begin = local(from, span.offset);
  if (handled && from == span.begin && change > seconds{0} && what.changes == ClockChanges::fixed) {
    const auto left_out = match_from(what.calendar, local(span.begin, span.before));
    if (left_out && *left_out < local(span.begin, span.offset)) return span.begin;
  }
  if (handled && change < seconds{0} && what.changes != ClockChanges::wildcard)
    begin = std::max(begin, local(span.begin, span.before));
  const auto match = match_from(what.calendar, begin);
  over = !match;
  if (!match) return std::nullopt;
  const Slot at{LocalSecond{*match}.time_since_epoch() - span.offset};
  return at < span.end ? std::optional(at) : std::nullopt;
}

std::optional<Slot> next_of(const Recurrence::OfCalendar& what, Slot after) {
  Slot from = after + seconds{1};
  for (int i = 0; i < kMostSpans; ++i) {
    const Zone::Span span = what.zone.span_at(from);
    bool over = false;
    if (const auto found = first_in_span(what, span, from, over)) return found;
    if (over || span.end <= from) return std::nullopt;
    from = span.end;
  }
  return std::nullopt;
}

std::optional<Slot> next_of(const Recurrence::OfInterval& what, Slot after) {
  seconds past = (after - what.origin) % what.interval;
  if (past < seconds{0}) past += what.interval;
  return after - past + what.interval;
}

}  // namespace

std::optional<Slot> Recurrence::next(Slot after) const {
  if (first_) after = std::max(after, *first_ - seconds{1});
  return std::visit([after](const auto& what) { return next_of(what, after); }, what_);
}

seconds Recurrence::least_distance() const {
  const auto* interval = std::get_if<OfInterval>(&what_);
  // A time that is left out comes at the end of the gap, which is a whole minute in all zones
  // today.
  return interval != nullptr ? interval->interval : seconds{60};
}

}  // namespace pelton::schedule
