// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/calendar.h"

namespace pelton::schedule {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::weekday;
using std::chrono::year_month_day;
using std::chrono::year_month_day_last;

// As far as AWS counts years, and longer than any date takes to come back on any weekday.
constexpr days kHorizon{300 * 366};

unsigned length_of(year_month_day date) {
  return unsigned(
      year_month_day_last(date.year(), std::chrono::month_day_last(date.month())).day());
}

// The day of the month that AWS's `nW` means: n, or the nearest day of the same month from Monday
// to Friday.
unsigned nearest_weekday(year_month_day date, unsigned wanted) {
  const unsigned length = length_of(date);
  const unsigned day = std::min(wanted, length);
  const weekday on{local_days{date.year() / date.month() / std::chrono::day{day}}};
  if (on == std::chrono::Saturday) return day == 1 ? 3 : day - 1;
  if (on == std::chrono::Sunday) return day == length ? day - 2 : day + 1;
  return day;
}

bool matches_month(const Calendar& calendar, year_month_day date) {
  if (calendar.years) {
    const int year = int(date.year()) - 1970;
    if (year < 0 || year >= 230 || !calendar.years->test(static_cast<std::size_t>(year)))
      return false;
  }
  return calendar.months.test(unsigned(date.month()) - 1);
}

std::optional<minutes> next_in_day(const Calendar& calendar, minutes from) {
  for (auto at = from; at < days{1};) {
    const auto hour = static_cast<std::size_t>(at.count() / 60);
    if (!calendar.hours.test(hour)) {
      at = minutes{static_cast<int>(hour + 1) * 60};
    } else if (calendar.minutes.test(static_cast<std::size_t>(at.count() % 60))) {
      return at;
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace

bool Calendar::matches_day(year_month_day date) const {
  const unsigned day = unsigned(date.day());
  const unsigned on = weekday{local_days{date}}.c_encoding();
  const bool by_month =
      month_days.test(day - 1) || (last_day && day == length_of(date)) ||
      (nearest_weekday != 0 && day == schedule::nearest_weekday(date, nearest_weekday));
  bool by_week = weekdays.test(on);
  if (nth_weekday && nth_weekday->weekday == on)
    by_week |=
        nth_weekday->nth == 0 ? day + 7 > length_of(date) : (day - 1) / 7 + 1 == nth_weekday->nth;
  return either_day ? by_month || by_week : by_month && by_week;
}

std::optional<LocalMinute> next_match(const Calendar& calendar, LocalMinute from) {
  local_days day = std::chrono::floor<days>(from);
  minutes in_day = from - day;
  for (const local_days end = day + kHorizon; day < end; in_day = minutes{0}) {
    const year_month_day date{day};
    if (!matches_month(calendar, date)) {
      day = local_days{date.year() / date.month() / 1} + days{length_of(date)};
      continue;
    }
    if (calendar.matches_day(date))
      if (const auto at = next_in_day(calendar, in_day)) return day + *at;
    day += days{1};
  }
  return std::nullopt;
}

}  // namespace pelton::schedule
