// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton::postgres {

// A date or timestamp as DateStyle ISO writes it, in ISO 8601: "2026-11-28 10:00:00+00" ->
// "2026-11-28T10:00:00Z", "0044-03-15 BC" -> "-0043-03-15", "10000-01-01" -> "+10000-01-01".
// The infinities, and what is no such text, stay as they are.
std::string iso_time(std::string_view text);

}  // namespace pelton::postgres
