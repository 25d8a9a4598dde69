// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string_view>

namespace pelton {

// A number that somebody wrote as text. Holds every 64-bit integer, signed or not, and every double
// exactly, so that account numbers above 2^53 do not compare equal to their neighbours.
using Number = long double;
static_assert(std::numeric_limits<Number>::digits >= 64);

// The whole text as a number ("42", "-1.5", "1e6"); nothing when it is not a finite one. Integers
// beyond 64 bits and all fractions are rounded to a double.
std::optional<Number> parse_number(std::string_view text);

}  // namespace pelton
