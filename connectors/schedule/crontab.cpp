// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/expression.h"

#include <array>
#include <utility>

namespace pelton::schedule {
namespace {

const Field kMinute{"minute", 0, 59};
const Field kHour{"hour", 0, 23};
const Field kMonthDay{"day of month", 1, 31};
const Field kMonth{"month", 1, 12, kMonths, 1};
const Field kWeekday{"day of week", 0, 7, kWeekdays, 0};  // 0 and 7: Sunday

constexpr std::pair<std::string_view, std::string_view> kNicknames[] = {
    {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
};

Result<std::string_view> without_nickname(std::string_view text) {
  for (const auto& [name, fields] : kNicknames)
    if (text == name) return fields;
  if (text == "@reboot")
    return fail(ErrorKind::invalid, "E7040", "is no time: the engine's start gives no events");
  return fail(ErrorKind::invalid, "E7040",
              "is not known: use @hourly, @daily, @midnight, @weekly, @monthly, @yearly or five "
              "fields (for intervals there is `every: 5m`)");
}

std::unexpected<Error> not_five(std::string_view text, std::size_t fields) {
  if (text.starts_with("cron(") || text.starts_with("rate("))
    return fail(ErrorKind::invalid, "E7040", "is an expression of AWS: write it as `aws: \"{}\"`",
                text);
  if (fields == 6)
    return fail(ErrorKind::invalid, "E7040",
                "has six fields; there are five: minute, hour, day of month, month and day of "
                "week (for seconds there is `every: 10s`)");
  return fail(ErrorKind::invalid, "E7040",
              "has {} field{}; there are five: minute, hour, day of month, month and day of week",
              fields, fields == 1 ? "" : "s");
}

}  // namespace

Result<Crontab> parse_crontab(std::string_view text) {
  if (text.starts_with('@')) {
    const auto meant = without_nickname(text);
    if (!meant) return std::unexpected(meant.error());
    text = *meant;
  }
  const auto fields = split_fields(text);
  if (fields.size() != 5) return not_five(text, fields.size());
  std::array<Numbers, 5> numbers;
  std::size_t at = 0;
  for (const Field* field : {&kMinute, &kHour, &kMonthDay, &kMonth, &kWeekday}) {
    auto parsed = parse_numbers(fields[at], *field);
    if (!parsed) return std::unexpected(parsed.error());
    numbers[at++] = *parsed;
  }
  numbers[4].set(0, numbers[4].test(0) || numbers[4].test(7));
  Crontab out;
  Calendar& calendar = out.calendar;
  calendar.minutes = narrowed<60>(numbers[0]);
  calendar.hours = narrowed<24>(numbers[1]);
  calendar.month_days = narrowed<31>(numbers[2]);
  calendar.months = narrowed<12>(numbers[3]);
  calendar.weekdays = narrowed<7>(numbers[4]);
  calendar.either_day = !fields[2].starts_with('*') && !fields[4].starts_with('*');
  out.wildcard = fields[0].starts_with('*') || fields[1].starts_with('*');
  return out;
}

}  // namespace pelton::schedule
