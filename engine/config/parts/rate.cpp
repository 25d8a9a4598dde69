// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/rate.h"

#include <array>
#include <charconv>
#include <utility>

namespace pelton::config {
namespace {

constexpr std::uint32_t kMostEvents = 1'000'000;
constexpr std::array<std::pair<char, std::chrono::seconds>, 3> kUnits{
    {{'s', std::chrono::seconds(1)}, {'m', std::chrono::minutes(1)}, {'h', std::chrono::hours(1)}}};

}  // namespace

Result<Rate> parse_rate(const std::string& text) {
  Rate rate;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, rate.events);
  if (error == std::errc() && rate.events > 0 && rate.events <= kMostEvents && end - at == 2 &&
      *at == '/')
    for (const auto& [unit, per] : kUnits)
      if (at[1] == unit) {
        rate.per = per;
        return rate;
      }
  return fail(ErrorKind::invalid, "E1008",
              "is not a rate such as {}, 30/m or 500/h, of 1 to {} events", kRateExample,
              kMostEvents);
}

std::string rate_text(const Rate& rate) {
  for (const auto& [unit, per] : kUnits)
    if (rate.per == per) return fmt::format("{}/{}", rate.events, unit);
  return {};
}

}  // namespace pelton::config
