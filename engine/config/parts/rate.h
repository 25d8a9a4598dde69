// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <cstdint>
#include <string>

namespace pelton::config {

// Value. A number of events in a time.
struct Rate {
  std::uint32_t events = 1;  // at least 1
  Duration per{std::chrono::seconds(1)};

  double per_second() const { return events / std::chrono::duration<double>(per).count(); }
  bool operator==(const Rate&) const = default;
};

inline constexpr const char* kRateExample = "100/s";

// "100/s", "30/m", "500/h". E1008: anything else.
Result<Rate> parse_rate(const std::string& text);
// The text that parse_rate() reads so.
std::string rate_text(const Rate& rate);

}  // namespace pelton::config
