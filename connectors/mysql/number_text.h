// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Appends the text of a DECIMAL(precision, scale) in the servers' binary form: "-12.50". False: the
// bytes are no such value.
bool append_decimal(std::string& out, std::string_view bytes, unsigned precision, unsigned scale);

// Appends the shortest text that reads as the same number; it is JSON. (The servers store neither
// NaN nor infinities; as texts in quotes they are JSON all the same.)
void append_double(std::string& out, double value);
void append_float(std::string& out, float value);

}  // namespace pelton::mysql
