// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"

#include <optional>
#include <string>
#include <string_view>

namespace pelton::database {

// View. A value in a JSON document.
struct JsonValue {
  enum class Kind { null, boolean, number, text, structure } kind = Kind::null;
  std::string_view raw;   // as it stands in the document
  std::string_view text;  // of a text: without quotes and escapes
};

// Appends what a column of that form takes of a value that is not null. False, with why: it cannot.
bool append_value(const TargetTable::Column& column, const JsonValue& value, std::string& out,
                  std::string& why);
// The same of a text that does not come from JSON: an event's key, a header.
bool append_text(const TargetTable::Column& column, std::string_view text, std::string& out,
                 std::string& why);

// Whether it is a number as JSON writes it.
bool is_json_number(std::string_view text);
// The same of a text that people write as a number, " 007" or "+1.5", as JSON writes it. Nothing:
// it is none.
std::optional<std::string> json_number(std::string_view text);

}  // namespace pelton::database
