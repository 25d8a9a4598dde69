// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/time_text.h"

#include "connectors/mysql/wire.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace pelton::mysql {
namespace {

struct Clock {
  std::uint32_t hours = 0, minutes = 0, seconds = 0, micros = 0;
};

void append_day(std::string& out, std::int64_t year, std::uint32_t month, std::uint32_t day) {
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year, month, day);
}

void append_clock(std::string& out, const Clock& clock, unsigned digits) {
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", clock.hours, clock.minutes,
                 clock.seconds);
  if (digits == 0) return;
  out += '.';
  const std::size_t start = out.size();
  fmt::format_to(std::back_inserter(out), "{:06}", clock.micros);
  out.resize(start + std::min(digits, 6U));
}

// From the highest bit: 17 of year and month, 5 of the day, 5 + 6 + 6 of the time.
void append_fields(std::string& out, std::uint64_t fields, std::uint32_t micros, unsigned digits) {
  const std::uint64_t day = fields >> 17U;
  const std::uint64_t months = day >> 5U;
  append_day(out, static_cast<std::int64_t>(months / 13), static_cast<std::uint32_t>(months % 13),
             static_cast<std::uint32_t>(day & 31U));
  out += 'T';
  append_clock(out,
               {static_cast<std::uint32_t>((fields >> 12U) & 31U),
                static_cast<std::uint32_t>((fields >> 6U) & 63U),
                static_cast<std::uint32_t>(fields & 63U), micros},
               digits);
}

Clock clock_of(std::uint64_t fields, std::uint32_t micros) {
  return {static_cast<std::uint32_t>((fields >> 12U) & 1023U),
          static_cast<std::uint32_t>((fields >> 6U) & 63U),
          static_cast<std::uint32_t>(fields & 63U), micros};
}

}  // namespace

std::uint32_t micros_of(std::string_view bytes, unsigned digits) {
  const auto value = static_cast<std::uint32_t>(big_endian(bytes));
  return digits <= 2 ? value * 10'000 : digits <= 4 ? value * 100 : value;
}

void append_date(std::string& out, std::uint32_t packed) {
  append_day(out, packed >> 9U, (packed >> 5U) & 15U, packed & 31U);
}

void append_datetime2(std::string& out, std::string_view bytes, unsigned digits) {
  if (bytes.size() < 5) return;
  constexpr std::uint64_t kSign = std::uint64_t{1} << 39U;
  append_fields(out, big_endian(bytes.substr(0, 5)) & ~kSign, micros_of(bytes.substr(5), digits),
                digits);
}

void append_old_datetime(std::string& out, std::uint64_t number) {
  const std::uint64_t day = number / 1'000'000, time = number % 1'000'000;
  append_day(out, static_cast<std::int64_t>(day / 10'000),
             static_cast<std::uint32_t>(day / 100 % 100), static_cast<std::uint32_t>(day % 100));
  out += 'T';
  append_clock(
      out,
      {static_cast<std::uint32_t>(time / 10'000), static_cast<std::uint32_t>(time / 100 % 100),
       static_cast<std::uint32_t>(time % 100), 0},
      0);
}

void append_timestamp(std::string& out, std::int64_t seconds, std::uint32_t micros,
                      unsigned digits) {
  if (seconds == 0 && micros == 0) {
    append_day(out, 0, 0, 0);
    out += 'T';
    append_clock(out, {}, digits);
  } else {
    const std::chrono::sys_seconds at{std::chrono::seconds(seconds)};
    const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    append_day(out, static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
               static_cast<unsigned>(date.day()));
    out += 'T';
    append_clock(out,
                 {static_cast<std::uint32_t>(time.hours().count()),
                  static_cast<std::uint32_t>(time.minutes().count()),
                  static_cast<std::uint32_t>(time.seconds().count()), micros},
                 digits);
  }
  out += 'Z';
}

// Seconds and fraction are one number, in two's complement around an offset.
void append_time2(std::string& out, std::string_view bytes, unsigned digits) {
  if (bytes.size() < 3) return;
  const auto fraction_bits = static_cast<unsigned>((bytes.size() - 3) * 8);
  auto number =
      static_cast<std::int64_t>(big_endian(bytes)) - (std::int64_t{0x800000} << fraction_bits);
  if (number < 0) out += '-';
  const auto positive = static_cast<std::uint64_t>(number < 0 ? -number : number);
  std::string fraction;
  for (unsigned shift = fraction_bits; shift > 0; shift -= 8)
    fraction += static_cast<char>(positive >> (shift - 8));
  append_clock(out, clock_of(positive >> fraction_bits, micros_of(fraction, digits)), digits);
}

void append_old_time(std::string& out, std::int32_t number) {
  if (number < 0) out += '-';
  const auto positive = static_cast<std::uint32_t>(number < 0 ? -number : number);
  append_clock(out, {positive / 10'000, positive / 100 % 100, positive % 100, 0}, 0);
}

void append_packed_time(std::string& out, std::int64_t packed) {
  if (packed < 0) out += '-';
  const auto positive = static_cast<std::uint64_t>(packed < 0 ? -packed : packed);
  const auto micros = static_cast<std::uint32_t>(positive & 0xFFFFFFU);
  append_clock(out, clock_of(positive >> 24U, micros), micros == 0 ? 0 : 6);
}

void append_packed_datetime(std::string& out, std::int64_t packed, bool date_only) {
  const auto positive = static_cast<std::uint64_t>(packed < 0 ? -packed : packed);
  const auto micros = static_cast<std::uint32_t>(positive & 0xFFFFFFU);
  const std::size_t start = out.size();
  append_fields(out, positive >> 24U, micros, micros == 0 ? 0 : 6);
  if (date_only) out.resize(std::min(out.find('T', start), out.size()));
}

}  // namespace pelton::mysql
