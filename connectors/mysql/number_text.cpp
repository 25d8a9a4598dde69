// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/number_text.h"

#include "connectors/mysql/wire.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <iterator>

namespace pelton::mysql {
namespace {

// Bytes of so many digits that do not make nine.
constexpr std::array<std::size_t, 10> kBytesOfDigits{0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr std::array<std::uint64_t, 10> kPowers{1,      10,      100,      1000,      10000,
                                                100000, 1000000, 10000000, 100000000, 1000000000};
constexpr std::size_t kMostBytes = 40;

// Appends the next digits; false: they are more than they should be.
bool append_digits(std::string& out, WireReader& in, unsigned digits) {
  const std::uint64_t value = big_endian(in.bytes(kBytesOfDigits[digits]));
  if (in.bad() || value >= kPowers[digits]) return false;
  fmt::format_to(std::back_inserter(out), "{:0{}}", value, digits);
  return true;
}

bool append_whole(std::string& out, WireReader& in, unsigned digits) {
  const std::size_t start = out.size();
  if (digits % 9 > 0 && !append_digits(out, in, digits % 9)) return false;
  for (unsigned i = 0; i < digits / 9; ++i)
    if (!append_digits(out, in, 9)) return false;
  const std::size_t first = std::min(out.find_first_not_of('0', start), out.size());
  out.erase(start, first - start);
  if (out.size() == start) out += '0';
  return true;
}

bool append_fraction(std::string& out, WireReader& in, unsigned digits) {
  if (digits == 0) return true;
  out += '.';
  for (unsigned i = 0; i < digits / 9; ++i)
    if (!append_digits(out, in, 9)) return false;
  return digits % 9 == 0 || append_digits(out, in, digits % 9);
}

template <typename Number>
void append_shortest(std::string& out, Number value) {
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(out), "{}", value);
  else
    fmt::format_to(std::back_inserter(out), "\"{}\"", value);
}

}  // namespace

// The highest bit is set in what is not negative; of a negative number all bits are inverted.
bool append_decimal(std::string& out, std::string_view bytes, unsigned precision, unsigned scale) {
  if (bytes.empty() || bytes.size() > kMostBytes || scale > precision) return false;
  std::array<char, kMostBytes> plain{};
  const bool negative = (bytes.front() & 0x80) == 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    plain[i] = static_cast<char>(negative ? ~bytes[i] : bytes[i]);
  plain[0] = static_cast<char>(plain[0] ^ 0x80);
  WireReader in({plain.data(), bytes.size()});
  if (negative) out += '-';
  return append_whole(out, in, precision - scale) && append_fraction(out, in, scale) &&
         in.left() == 0;
}

void append_double(std::string& out, double value) {
  append_shortest(out, value);
}

void append_float(std::string& out, float value) {
  append_shortest(out, value);
}

}  // namespace pelton::mysql
