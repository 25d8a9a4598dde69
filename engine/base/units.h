// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace pelton {

// "200ms", "1.5s", "5m", "7d"; units us ms s m h d w. A bare number other than 0 is refused: its
// unit is left out. Kind invalid, no code.
Result<Duration> parse_duration(std::string_view text);
// The shortest exact form: "1m30s" is "90s", 86,400 s is "1d".
std::string format_duration(Duration duration);

// "512MiB", "10GiB", "64kB", "100B"; binary (KiB...) and decimal (kB, MB...) units.
Result<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

// RFC 3339 with a zone ("2026-11-23T10:00:00Z", "...+01:00"), fractions down to microseconds.
Result<WallTime> parse_time(std::string_view text);
// RFC 3339 in UTC with as many fraction digits as needed (0, 3 or 6).
std::string format_time(WallTime time);

}  // namespace pelton
