// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/iso_time.h"

#include <fmt/format.h>

#include <charconv>

namespace pelton::postgres {
namespace {

std::string year_text(int year) {
  if (year < 0) return fmt::format("-{:04}", -year);
  return year > 9999 ? fmt::format("+{}", year) : fmt::format("{:04}", year);
}

}  // namespace

std::string iso_time(std::string_view text) {
  std::string_view rest = text;
  const bool before_christ = rest.ends_with(" BC");
  if (before_christ) rest.remove_suffix(3);
  int year = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), year);
  if (error != std::errc{} || year < 0 ||
      !std::string_view(end, rest.data() + rest.size()).starts_with('-'))
    return std::string(text);
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  // There is a year 0 in ISO 8601: 1 BC.
  std::string out = year_text(before_christ ? 1 - year : year);
  const std::size_t day = out.size();
  out += rest;
  if (const std::size_t space = out.find(' ', day); space != std::string::npos) out[space] = 'T';
  if (out.ends_with("+00")) out.replace(out.size() - 3, 3, "Z");
  return out;
}

}  // namespace pelton::postgres
