// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace pelton {
namespace {

using std::chrono::day;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::month;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 7> kDurations{{{"us", 1},
                                          {"ms", 1'000},
                                          {"s", 1'000'000},
                                          {"m", 60'000'000},
                                          {"h", 3'600'000'000},
                                          {"d", 86'400'000'000},
                                          {"w", 604'800'000'000}}};
constexpr std::array<Unit, 9> kSizes{{{"B", 1},
                                      {"kB", 1'000},
                                      {"MB", 1'000'000},
                                      {"GB", 1'000'000'000},
                                      {"TB", 1'000'000'000'000},
                                      {"KiB", 1ULL << 10},
                                      {"MiB", 1ULL << 20},
                                      {"GiB", 1ULL << 30},
                                      {"TiB", 1ULL << 40}}};

template <std::size_t N>
Result<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                                     std::string_view what, std::string_view example) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::isfinite(number))
    return fail(ErrorKind::invalid, "", "\"{}\" is not a {}, such as {}", text, what, example);
  if (number < 0)
    return fail(ErrorKind::invalid, "", "\"{}\" is negative: a {} cannot be", text, what);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty()) {
    if (number == 0) return 0;
    return fail(ErrorKind::invalid, "", "\"{}\" has no unit: write a {} such as {}", text, what,
                example);
  }
  for (const Unit& u : units) {
    if (u.name != unit) continue;
    const double value = number * static_cast<double>(u.factor);
    if (value > 9.0e18) return fail(ErrorKind::invalid, "", "\"{}\" is too large", text);
    return static_cast<std::uint64_t>(std::llround(value));
  }
  std::string names;
  for (const Unit& u : units) names += (names.empty() ? "" : ", ") + std::string(u.name);
  return fail(ErrorKind::invalid, "", "\"{}\" has no known unit: a {} ends in one of {}", text,
              what, names);
}

template <typename Units>
std::string format_exact(std::uint64_t value, const Units& units, std::string_view zero) {
  if (value == 0) return std::string(zero);
  const Unit* best = &units[0];
  for (const Unit& u : units)
    if (value % u.factor == 0 && u.factor > best->factor) best = &u;
  return fmt::format("{}{}", value / best->factor, best->name);
}

// Takes `count` digits off the front; from_chars alone would take a sign for one.
bool digits(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count || text.front() == '-') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, out);
  if (error != std::errc{} || end != text.data() + count) return false;
  text.remove_prefix(count);
  return true;
}

bool skip(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

bool fraction(std::string_view& text, std::int64_t& us) {
  us = 0;
  if (!skip(text, ".")) return true;
  std::int64_t scale = 100'000;
  std::size_t seen = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++seen, scale /= 10) {
    us += (text.front() - '0') * scale;
    text.remove_prefix(1);
  }
  return seen > 0;
}

bool zone(std::string_view& text, minutes& offset) {
  offset = {};
  if (skip(text, "Zz")) return text.empty();
  const bool negative = !text.empty() && text.front() == '-';
  int h = 0;
  int m = 0;
  if (!skip(text, "+-") || !digits(text, 2, h) || !skip(text, ":") || !digits(text, 2, m))
    return false;
  offset = minutes{(h * 60 + m) * (negative ? -1 : 1)};
  return text.empty() && h < 24 && m < 60;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  auto us = parse_quantity(text, kDurations, "duration", "200ms, 30s, 5m or 7d");
  if (!us) return std::unexpected(us.error());
  return Duration{static_cast<std::int64_t>(*us)};
}

std::string format_duration(Duration duration) {
  constexpr std::array<Unit, 6> plain{kDurations[0], kDurations[1], kDurations[2],
                                      kDurations[3], kDurations[4], kDurations[5]};
  return format_exact(static_cast<std::uint64_t>(duration.count()), plain, "0s");
}

Result<std::uint64_t> parse_size(std::string_view text) {
  return parse_quantity(text, kSizes, "size", "64KiB, 512MiB or 10GiB");
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<Unit, 5> binary{kSizes[0], kSizes[5], kSizes[6], kSizes[7], kSizes[8]};
  return format_exact(bytes, binary, "0B");
}

Result<WallTime> parse_time(std::string_view text) {
  std::string_view rest = text;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  std::int64_t us = 0;
  minutes offset{};
  const bool shape = digits(rest, 4, y) && skip(rest, "-") && digits(rest, 2, mo) &&
                     skip(rest, "-") && digits(rest, 2, d) && skip(rest, "Tt ") &&
                     digits(rest, 2, h) && skip(rest, ":") && digits(rest, 2, mi) &&
                     skip(rest, ":") && digits(rest, 2, s) && fraction(rest, us) &&
                     zone(rest, offset);
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!shape || !date.ok() || h > 23 || mi > 59 || s > 60)
    return fail(ErrorKind::invalid, "",
                "\"{}\" is not a time with a zone, such as 2026-11-23T10:00:00Z", text);
  return WallTime{sys_days{date} + hours{h} + minutes{mi} + seconds{s} - offset + Duration{us}};
}

std::string format_time(WallTime time) {
  const auto day_point = std::chrono::floor<days>(time);
  const year_month_day date{day_point};
  const std::chrono::hh_mm_ss clock{time - day_point};
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  const auto us = clock.subseconds().count();
  if (us % 1000 != 0)
    out += fmt::format(".{:06}", us);
  else if (us != 0)
    out += fmt::format(".{:03}", us / 1000);
  return out + "Z";
}

}  // namespace pelton
