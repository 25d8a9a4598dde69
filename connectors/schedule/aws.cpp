// SPDX-License-Identifier: Apache-2.0
#include "connectors/schedule/expression.h"

#include <array>
#include <charconv>
#include <optional>

namespace pelton::schedule {
namespace {

const Field kAwsMinute{"minute", 0, 59, {}, 0, true};
const Field kAwsHour{"hour", 0, 23, {}, 0, true};
const Field kAwsMonthDay{"day of month", 1, 31, {}, 0, true};
const Field kAwsMonth{"month", 1, 12, kMonths, 1, true};
const Field kAwsWeekday{"day of week", 1, 7, kWeekdays, 1};  // 1: Sunday
const Field kAwsYear{"year", 1970, 2199, {}, 0, true};

// The one number or word that a field's text consists of.
Result<unsigned> one_of(std::string_view text, const Field& field, std::string_view whole) {
  const auto numbers = parse_numbers(text, field);
  if (!numbers || numbers->count() != 1)
    return fail(ErrorKind::invalid, "E7040", "has {} \"{}\": \"{}\" is not a day", field.name,
                whole, text);
  unsigned at = 0;
  while (!numbers->test(at)) ++at;
  return at;
}

// `L`, `3W`, a list or `?`.
Status read_month_days(std::string_view text, Calendar& calendar) {
  if (text == "?") {
    calendar.month_days.set();
  } else if (text == "L") {
    calendar.last_day = true;
  } else if (text.ends_with('W')) {
    const auto day = one_of(text.substr(0, text.size() - 1), kAwsMonthDay, text);
    if (!day) return std::unexpected(day.error());
    calendar.nearest_weekday = *day + 1;
  } else {
    const auto days = parse_numbers(text, kAwsMonthDay);
    if (!days) return std::unexpected(days.error());
    calendar.month_days = narrowed<31>(*days);
  }
  return {};
}

Status read_nth(std::string_view text, std::size_t hash, Calendar& calendar) {
  const auto weekday = one_of(text.substr(0, hash), kAwsWeekday, text);
  if (!weekday) return std::unexpected(weekday.error());
  const std::string_view nth = text.substr(hash + 1);
  if (nth.size() != 1 || nth.front() < '1' || nth.front() > '5')
    return fail(ErrorKind::invalid, "E7040", "has day of week \"{}\": 1 to 5 is allowed after #",
                text);
  calendar.nth_weekday = {*weekday, static_cast<unsigned>(nth.front() - '0')};
  return {};
}

// `L` (Saturday), `FRIL` (the last Friday of the month), `FRI#2`, a list or `?`.
Status read_weekdays(std::string_view text, Calendar& calendar) {
  const auto hash = text.find('#');
  if (text == "?") {
    calendar.weekdays.set();
  } else if (text == "L") {
    calendar.weekdays.set(6);
  } else if (hash != std::string_view::npos) {
    return read_nth(text, hash, calendar);
  } else if (text.ends_with('L')) {
    const auto weekday = one_of(text.substr(0, text.size() - 1), kAwsWeekday, text);
    if (!weekday) return std::unexpected(weekday.error());
    calendar.nth_weekday = {*weekday, 0};
  } else {
    const auto days = parse_numbers(text, kAwsWeekday);
    if (!days) return std::unexpected(days.error());
    calendar.weekdays = narrowed<7>(*days);
  }
  return {};
}

Result<Calendar> parse_fields(std::string_view text) {
  const auto fields = split_fields(text);
  if (fields.size() != 6)
    return fail(ErrorKind::invalid, "E7040",
                "has {} field{}; cron(...) has six: minutes, hours, day of month, month, day of "
                "week and year",
                fields.size(), fields.size() == 1 ? "" : "s");
  if ((fields[2] == "?") == (fields[4] == "?"))
    return fail(ErrorKind::invalid, "E7040",
                "has {} in day of month and day of week: one of both must be ?, the other not",
                fields[2] == "?" ? "? both" : "values both");
  std::array<Numbers, 4> numbers;
  std::size_t at = 0;
  for (const auto& [index, field] : {std::pair<std::size_t, const Field&>{0, kAwsMinute},
                                     {1, kAwsHour},
                                     {3, kAwsMonth},
                                     {5, kAwsYear}}) {
    auto parsed = parse_numbers(fields[index], field);
    if (!parsed) return std::unexpected(parsed.error());
    numbers[at++] = *parsed;
  }
  Calendar calendar;
  calendar.minutes = narrowed<60>(numbers[0]);
  calendar.hours = narrowed<24>(numbers[1]);
  calendar.months = narrowed<12>(numbers[2]);
  calendar.years = numbers[3];
  if (auto ok = read_month_days(fields[2], calendar); !ok) return std::unexpected(ok.error());
  if (auto ok = read_weekdays(fields[4], calendar); !ok) return std::unexpected(ok.error());
  return calendar;
}

Result<Rate> parse_rate(std::string_view text) {
  const auto words = split_fields(text);
  int value = 0;
  if (words.size() == 2) {
    const char* const end = words[0].data() + words[0].size();
    const auto read = std::from_chars(words[0].data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || value > 1'000'000) value = 0;
  }
  if (value > 0) {
    const auto is = [&](std::string_view unit) {
      return words[1] == unit ||
             (words[1].starts_with(unit) && words[1].substr(unit.size()) == "s");
    };
    if (const bool plural = words[1].ends_with('s'); plural == (value == 1))
      return fail(ErrorKind::invalid, "E7040", "has \"{} {}\": AWS writes {}", value, words[1],
                  value == 1 ? "1 minute, 1 hour, 1 day" : "minutes, hours, days");
    if (is("minute")) return std::chrono::minutes(value);
    if (is("hour")) return std::chrono::hours(value);
    if (is("day")) return std::chrono::days(value);
  }
  return fail(ErrorKind::invalid, "E7040",
              "has rate \"{}\": a number and minutes, hours or days, such as rate(5 minutes)",
              text);
}

// What is in the brackets of `name(...)`.
std::optional<std::string_view> call_of(std::string_view name, std::string_view text) {
  if (!text.starts_with(name) || !text.ends_with(')')) return std::nullopt;
  text.remove_prefix(name.size());
  if (!text.starts_with('(')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

}  // namespace

Result<std::variant<Calendar, Rate>> parse_aws(std::string_view text) {
  if (const auto fields = call_of("cron", text)) return parse_fields(*fields);
  if (const auto rate = call_of("rate", text)) return parse_rate(*rate);
  return fail(ErrorKind::invalid, "E7040",
              "is neither cron(...) with six fields nor rate(...): `cron` takes the five fields of "
              "crontab");
}

}  // namespace pelton::schedule
