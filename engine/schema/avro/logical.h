// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/avro/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The texts of values of logical types. Times whose year is not between 0000 and 9999 have none:
// they stay numbers.
namespace pelton::schema::avro {

// Of a number of days, milliseconds or microseconds: "2026-01-31", "08:30:00.250",
// "2026-01-31T08:30:00.250Z", and without the Z for a local one.
std::optional<std::string> time_text(Logical logical, std::int64_t number);
// The inverse. Nothing: it is no such text, or has more digits than the type.
std::optional<std::int64_t> time_number(Logical logical, std::string_view text);

// Of a two's-complement big-endian integer: "-123.45". Nothing: it has more than 1,000 digits.
std::optional<std::string> decimal_text(std::string_view bytes, std::uint32_t scale);
// The fewest bytes for it. Nothing: it is no decimal number, or has more digits than scale says.
std::optional<std::string> decimal_bytes(std::string_view text, std::uint32_t scale);

}  // namespace pelton::schema::avro
