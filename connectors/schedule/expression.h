// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/schedule/calendar.h"
#include "engine/base/result.h"

#include <chrono>
#include <string_view>
#include <variant>

// Expressions as users of crontab and of AWS know them. Errors are invalid (E7040), their message
// follows the expression in a sentence: `has hour "25": 0 to 23 is allowed`.
namespace pelton::schedule {

// Value. A crontab expression, and whether its minutes or hours begin with `*`: Vixie cron treats
// those differently when clocks change.
struct Crontab {
  Calendar calendar;
  bool wildcard = false;
};

// Five fields as in crontab(5), or @hourly, @daily, @midnight, @weekly, @monthly, @yearly and
// @annually.
Result<Crontab> parse_crontab(std::string_view text);

// AWS: `cron(minutes hours day-of-month month day-of-week year)` or `rate(5 minutes)`.
using Rate = std::chrono::seconds;
Result<std::variant<Calendar, Rate>> parse_aws(std::string_view text);

}  // namespace pelton::schedule
