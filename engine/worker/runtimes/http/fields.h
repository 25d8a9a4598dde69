// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Texts of requests and answers.
namespace pelton::worker::http {

// The name of a header field or a method.
bool is_token(std::string_view name);
// No line break, NUL or other control character but the tabulator.
bool is_field_value(std::string_view value);
// Fields of one connection, which are not passed on; in lower case.
bool is_of_connection(std::string_view name);
// As CloudEvents puts texts into fields: what is not a visible ASCII character, the quote and the
// per cent sign as %XX.
std::string field_encoded(std::string_view text);
std::string lower_case(std::string_view text);

}  // namespace pelton::worker::http
