// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace pelton::mysql {

// Appends a value in MySQL's binary form of JSON (the column type JSON of MySQL 5.7 and later) as
// JSON. Decimals become numbers, dates and times strings, other values that JSON has no form for
// base64. False: it cannot be read; what was appended until then is to be thrown away.
bool append_json_binary(std::string& out, std::string_view document);

}  // namespace pelton::mysql
