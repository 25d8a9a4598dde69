// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/logical.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace pelton::schema::avro {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t kDayMs = 86'400'000, kDayUs = kDayMs * 1'000;
constexpr std::size_t kMostDigits = 1'000;
constexpr std::uint64_t kNineDigits = 1'000'000'000;

// How many digits a fraction of a second has; 0: the type has no time of day.
int digits_of(Logical logical) {
  switch (logical) {
    case Logical::time_millis:
    case Logical::timestamp_millis:
    case Logical::local_timestamp_millis:
      return 3;
    case Logical::time_micros:
    case Logical::timestamp_micros:
    case Logical::local_timestamp_micros:
      return 6;
    default:
      return 0;
  }
}
std::int64_t units_a_day(int digits) {
  return digits == 0 ? 1 : digits == 3 ? kDayMs : kDayUs;
}
bool has_date(Logical logical) {
  return logical != Logical::time_millis && logical != Logical::time_micros;
}
bool has_zone(Logical logical) {
  return logical == Logical::timestamp_millis || logical == Logical::timestamp_micros;
}

std::optional<std::string> date_text(std::int64_t days) {
  // Of 0000-01-01 and 9999-12-31.
  if (days < -719'528 || days > 2'932'896) return std::nullopt;
  const std::chrono::year_month_day date{sys_days{std::chrono::days{days}}};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string clock_text(std::int64_t units, int digits) {
  const std::int64_t second = digits == 3 ? 1'000 : 1'000'000;
  const std::int64_t seconds = units / second, fraction = units % second;
  std::string text =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction != 0) text += fmt::format(".{:0{}}", fraction, digits);
  return text;
}

// Reads texts from the left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<int> number(std::size_t digits) {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : text_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  std::size_t digits() const {
    const auto end = std::ranges::find_if(text_, [](char c) { return c < '0' || c > '9'; });
    return static_cast<std::size_t>(end - text_.begin());
  }
  char next() const { return text_.empty() ? '\0' : text_.front(); }
  bool over() const { return text_.empty(); }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> scan_date(Scanner& in) {
  const auto year = in.number(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.number(2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date}.time_since_epoch().count();
}

// In units of so many digits.
std::optional<std::int64_t> scan_clock(Scanner& in, int digits) {
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59 || !in.take(':')) return std::nullopt;
  const auto second = in.number(2);
  if (!second || *second > 59) return std::nullopt;
  std::int64_t units = (*hour * 60LL + *minute) * 60 + *second;
  std::size_t fraction = 0;
  if (in.take('.')) {
    fraction = in.digits();
    if (fraction == 0) return std::nullopt;
  }
  for (int i = 0; i < digits; ++i)
    units = units * 10 + (static_cast<std::size_t>(i) < fraction ? *in.number(1) : 0);
  for (std::size_t i = static_cast<std::size_t>(digits); i < fraction; ++i)
    if (*in.number(1) != 0) return std::nullopt;
  return units;
}

// Minutes that the text is ahead of UTC.
std::optional<std::int64_t> scan_zone(Scanner& in) {
  if (in.take('Z')) return 0;
  const std::int64_t sign = in.next() == '-' ? -1 : 1;
  if (!in.take('+') && !in.take('-')) return std::nullopt;
  const auto hours = in.number(2);
  if (!hours || *hours > 23 || !in.take(':')) return std::nullopt;
  const auto minutes = in.number(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes);
}

}  // namespace

std::optional<std::string> time_text(Logical logical, std::int64_t number) {
  const int digits = digits_of(logical);
  const std::int64_t a_day = units_a_day(digits);
  if (digits == 0) return date_text(number);
  std::int64_t days = number / a_day, rest = number % a_day;
  if (rest < 0) {
    rest += a_day;
    --days;
  }
  if (!has_date(logical)) {
    if (days != 0) return std::nullopt;
    return clock_text(rest, digits);
  }
  auto text = date_text(days);
  if (text) *text += "T" + clock_text(rest, digits) + (has_zone(logical) ? "Z" : "");
  return text;
}

std::optional<std::int64_t> time_number(Logical logical, std::string_view text) {
  const int digits = digits_of(logical);
  Scanner in(text);
  std::int64_t number = 0;
  if (has_date(logical)) {
    const auto days = scan_date(in);
    if (!days) return std::nullopt;
    number = *days * units_a_day(digits);
    if (digits != 0 && !in.take('T')) return std::nullopt;
  }
  if (digits != 0) {
    const auto clock = scan_clock(in, digits);
    if (!clock) return std::nullopt;
    number += *clock;
  }
  if (has_zone(logical)) {
    const auto ahead = scan_zone(in);
    if (!ahead) return std::nullopt;
    number -= *ahead * (units_a_day(digits) / 1'440);
  }
  if (!in.over()) return std::nullopt;
  return number;
}

std::optional<std::string> decimal_text(std::string_view bytes, std::uint32_t scale) {
  // A thousand digits are 416 bytes.
  if (bytes.size() > 416) return std::nullopt;
  const bool negative = !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0;
  std::string magnitude(bytes);
  if (negative) {
    unsigned carry = 1;
    for (std::size_t i = magnitude.size(); i-- > 0;) {
      const unsigned value = (~static_cast<unsigned char>(magnitude[i]) & 0xffU) + carry;
      magnitude[i] = static_cast<char>(value & 0xffU);
      carry = value >> 8;
    }
  }
  std::string digits;  // from the last to the first, nine at a time
  for (std::size_t begin = 0; begin < magnitude.size();) {
    std::uint64_t rest = 0;
    for (std::size_t i = begin; i < magnitude.size(); ++i) {
      const std::uint64_t value = rest * 256 + static_cast<unsigned char>(magnitude[i]);
      magnitude[i] = static_cast<char>(value / kNineDigits);
      rest = value % kNineDigits;
    }
    for (int i = 0; i < 9; ++i, rest /= 10) digits += static_cast<char>('0' + rest % 10);
    while (begin < magnitude.size() && magnitude[begin] == 0) ++begin;
  }
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.size() > kMostDigits) return std::nullopt;
  while (digits.size() <= scale) digits += '0';
  std::ranges::reverse(digits);
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return negative ? "-" + digits : digits;
}

std::optional<std::string> decimal_bytes(std::string_view text, std::uint32_t scale) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  std::string_view fraction =
      point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  if (digits.empty() || (point != std::string_view::npos && fraction.empty())) return std::nullopt;
  while (fraction.size() > scale && fraction.ends_with('0')) fraction.remove_suffix(1);
  if (fraction.size() > scale) return std::nullopt;
  digits += fraction;
  digits.append(scale - fraction.size(), '0');
  if (digits.size() > kMostDigits) return std::nullopt;
  std::string bytes(1, '\0');  // little-endian until the end
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    unsigned carry = static_cast<unsigned>(c - '0');
    for (char& byte : bytes) {
      const unsigned value = static_cast<unsigned char>(byte) * 10U + carry;
      byte = static_cast<char>(value & 0xffU);
      carry = value >> 8;
    }
    if (carry > 0) bytes += static_cast<char>(carry);
  }
  if ((static_cast<unsigned char>(bytes.back()) & 0x80U) != 0) bytes += '\0';
  if (negative) {
    unsigned carry = 1;
    for (char& byte : bytes) {
      const unsigned value = (~static_cast<unsigned char>(byte) & 0xffU) + carry;
      byte = static_cast<char>(value & 0xffU);
      carry = value >> 8;
    }
  }
  while (negative && bytes.size() > 1 && bytes.back() == '\xff' &&
         (static_cast<unsigned char>(bytes[bytes.size() - 2]) & 0x80U) != 0)
    bytes.pop_back();
  std::ranges::reverse(bytes);
  return bytes;
}

}  // namespace pelton::schema::avro
