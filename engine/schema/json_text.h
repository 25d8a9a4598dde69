// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton::schema {

// Appends the text as a JSON string. It is UTF-8.
void append_quoted(std::string& out, std::string_view text);

// Appends a number so that reading it gives the same one. JSON has no others than finite ones:
// "NaN", "Infinity" and "-Infinity" are texts.
void append_number(std::string& out, double value);
void append_number(std::string& out, float value);

}  // namespace pelton::schema
