// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Append dates and times in the servers' binary forms as texts, with so many digits of a second's
// fraction. Zero dates ("0000-00-00", "2026-00-00") stay what they are.

// "2026-11-28"; three bytes.
void append_date(std::string& out, std::uint32_t packed);
// "2026-11-28T10:00:00.500": of DATETIME since MySQL 5.6, and before (YYYYMMDDhhmmss).
void append_datetime2(std::string& out, std::string_view bytes, unsigned digits);
void append_old_datetime(std::string& out, std::uint64_t number);
// "2026-11-28T10:00:00.500Z"; zero is "0000-00-00T00:00:00Z".
void append_timestamp(std::string& out, std::int64_t seconds, std::uint32_t micros,
                      unsigned digits);
// "-838:59:59.000": of TIME since MySQL 5.6, and before (hhmmss).
void append_time2(std::string& out, std::string_view bytes, unsigned digits);
void append_old_time(std::string& out, std::int32_t number);
// A fraction behind seconds: so many digits of it, in hundredths a byte.
std::uint32_t micros_of(std::string_view bytes, unsigned digits);

// As MySQL's binary JSON has them, with microseconds, which are left out when there are none.
void append_packed_time(std::string& out, std::int64_t packed);
void append_packed_datetime(std::string& out, std::int64_t packed, bool date_only);

}  // namespace pelton::mysql
