// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/json_value.h"

#include "connectors/database/json_text.h"
#include "engine/base/base64.h"
#include "engine/base/units.h"

#include <simdjson.h>

#include <algorithm>

namespace pelton::database {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int kDeepest = 6;  // dimensions that PostgreSQL's arrays have at most

bool append_bytes(std::string_view text, std::string& out, std::string& why) {
  std::string bytes;
  if (!from_base64(text, bytes)) {
    why = "it is not base64";
    return false;
  }
  out += bytes;
  return true;
}

// With a zone it becomes UTC, which is the session's.
void append_time(std::string_view text, std::string& out) {
  if (const auto time = parse_time(text)) {
    std::string utc = format_time(*time);
    utc.pop_back();  // Z
    utc[utc.find('T')] = ' ';
    out += utc;
    return;
  }
  out += text;
  const std::size_t middle = out.size() - text.size() + 10;
  if (text.size() > 10 && out[middle] == 'T') out[middle] = ' ';
}

// An element of an array, in quotes.
void append_element(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

class ArrayText {
 public:
  ArrayText(const TargetTable::Column& column, std::string& out, std::string& why)
      : element_{column.name, "", column.element, ColumnForm::text}, out_(out), why_(why) {}

  bool append(std::string_view json) {
    buffer_.assign(json);
    buffer_.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    ondemand::parser parser;
    ondemand::document document = parser.iterate(buffer_);
    return append(document.get_array(), 1);
  }

 private:
  bool append(ondemand::array array, int depth) {
    if (depth > kDeepest) return fail("it has too many dimensions");
    out_ += '{';
    bool first = true;
    for (ondemand::value one : array) {
      if (!std::exchange(first, false)) out_ += ',';
      if (one.type() == ondemand::json_type::array && element_.form != ColumnForm::json) {
        if (!append(one.get_array(), depth + 1)) return false;
      } else if (!append_scalar(one)) {
        return false;
      }
    }
    out_ += '}';
    return true;
  }

  bool append_scalar(ondemand::value one) {
    JsonValue value;
    if (one.is_null()) {
      out_ += "NULL";
      return true;
    }
    if (element_.form == ColumnForm::json || one.type() == ondemand::json_type::object) {
      value = {JsonValue::Kind::structure, std::string_view(simdjson::to_json_string(one)), {}};
    } else if (one.type() == ondemand::json_type::string) {
      value = {JsonValue::Kind::text, {}, std::string_view(one.get_string())};
    } else {
      const bool boolean = one.type() == ondemand::json_type::boolean;
      value = {boolean ? JsonValue::Kind::boolean : JsonValue::Kind::number,
               std::string_view(simdjson::to_json_string(one)),
               {}};
    }
    std::string text;
    if (element_.form == ColumnForm::bytes) {
      if (!append_hex(value, text)) return false;
    } else if (!append_value(element_, value, text, why_)) {
      return false;
    }
    append_element(text, out_);
    return true;
  }

  bool append_hex(const JsonValue& value, std::string& text) {
    std::string bytes;
    if (!append_value(element_, value, bytes, why_)) return false;
    text = "\\x";
    for (const char c : bytes)
      fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
    return true;
  }

  bool fail(const char* why) {
    why_ = why;
    return false;
  }

  const TargetTable::Column element_;
  std::string& out_;
  std::string& why_;
  std::string buffer_;
};

bool append_array(const TargetTable::Column& column, const JsonValue& value, std::string& out,
                  std::string& why) try {
  return ArrayText(column, out, why).append(value.raw);
} catch (const simdjson::simdjson_error& error) {
  why = error.what();
  return false;
}

bool is_numeric(ColumnForm form) {
  return form == ColumnForm::number || form == ColumnForm::bits;
}

// What a server would take as something else than it says.
bool fits(const TargetTable::Column& column, std::string_view text, std::string& why) {
  if (column.form == ColumnForm::choice && json_number(text) &&
      std::ranges::find(column.names, text) == column.names.end()) {
    why = "it is none of the values, and the server would take it as the number of one";
    return false;
  }
  if (column.form == ColumnForm::bits && !json_number(text)) {
    why = "it is not a number";
    return false;
  }
  return true;
}

std::string_view digits(std::string_view text) {
  return text.substr(0, text.find_first_not_of("0123456789"));
}

}  // namespace

bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::string_view whole = digits(text);
  if (whole.empty() || (whole.size() > 1 && whole.front() == '0')) return false;
  text.remove_prefix(whole.size());
  if (text.starts_with('.')) {
    const std::string_view fraction = digits(text.substr(1));
    if (fraction.empty()) return false;
    text.remove_prefix(1 + fraction.size());
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const std::string_view exponent = digits(text);
    if (exponent.empty()) return false;
    text.remove_prefix(exponent.size());
  }
  return text.empty();
}

std::optional<std::string> json_number(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::string out = text.starts_with('-') ? "-" : "";
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('-')) return std::nullopt;
  while (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
    text.remove_prefix(1);
  out += text;
  return is_json_number(out) ? std::optional(out) : std::nullopt;
}

bool append_value(const TargetTable::Column& column, const JsonValue& value, std::string& out,
                  std::string& why) {
  using Kind = JsonValue::Kind;
  const bool text = value.kind == Kind::text;
  if (value.kind != Kind::boolean && !fits(column, text ? value.text : value.raw, why))
    return false;
  if (column.form == ColumnForm::json && !text) out += value.raw;
  if (column.form == ColumnForm::json && text) append_quoted(out, value.text);
  if (column.form == ColumnForm::json) return true;
  if (column.form == ColumnForm::array && value.kind == Kind::structure &&
      value.raw.starts_with('['))
    return append_array(column, value, out, why);
  if (text && column.form == ColumnForm::bytes) return append_bytes(value.text, out, why);
  if (column.form == ColumnForm::bytes) {
    why = "it is not a text with base64";
    return false;
  }
  if (text && column.form == ColumnForm::time)
    append_time(value.text, out);
  else if (value.kind == Kind::boolean && is_numeric(column.form))
    out += value.raw == "true" ? '1' : '0';
  else
    out += text ? value.text : value.raw;
  return true;
}

bool append_text(const TargetTable::Column& column, std::string_view text, std::string& out,
                 std::string& why) {
  // What is not JSON is no base64 either: keys and headers are what they are.
  if (column.form == ColumnForm::bytes) {
    out += text;
    return true;
  }
  return append_value(column, {JsonValue::Kind::text, {}, text}, out, why);
}

}  // namespace pelton::database
