// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/numbers.h"

#include <bitset>
#include <chrono>
#include <optional>

namespace pelton::schedule {

// A minute on the wall clock of some place.
using LocalMinute = std::chrono::local_time<std::chrono::minutes>;

// Value. The minutes that an expression means, as calendar and clock show them; time zones come in
// elsewhere (recurrence.h). Pure.
struct Calendar {
  struct NthWeekday {
    unsigned weekday = 0;  // 0: Sunday
    unsigned nth = 0;      // from 1; 0: the last of the month
  };

  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<31> month_days;  // bit 0: the first
  std::bitset<12> months;      // bit 0: January
  std::bitset<7> weekdays;     // bit 0: Sunday
  // One of both suffices, as in crontab when neither field begins with `*`; else both must match.
  bool either_day = false;
  // AWS.
  std::optional<Numbers> years;  // bit 0: 1970
  bool last_day = false;         // of the month, beside month_days
  unsigned nearest_weekday = 0;  // Monday to Friday nearest to that day of the month; 0: none
  std::optional<NthWeekday> nth_weekday;

  bool matches_day(std::chrono::year_month_day date) const;
};

// The first minute at or after `from` that the calendar means; nothing if there is none within
// three hundred years.
std::optional<LocalMinute> next_match(const Calendar& calendar, LocalMinute from);

}  // namespace pelton::schedule
