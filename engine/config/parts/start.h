// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <optional>
#include <string>

namespace pelton::config {

// Where a binding without a stored cursor, or a new consumer group, begins.
struct Start {
  enum class Kind { earliest, latest, time } kind = Kind::earliest;
  WallTime time{};
  // The time is so long before it begins: begin_at() sets it.
  std::optional<Duration> ago{};

  bool operator==(const Start&) const = default;
};

// The text of the default.
inline constexpr const char* kStartDefault = "earliest";
inline constexpr const char* kStartExample = "2026-01-01T00:00:00Z";

// E1008: neither earliest, latest, a time nor a duration.
Result<Start> parse_start(const std::string& text);
// The text that parse_start() reads so.
std::string start_text(const Start& start);
// With the time that it has for whoever begins now.
Start begin_at(const Start& start, WallTime now);

}  // namespace pelton::config
