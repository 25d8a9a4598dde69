// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/values.h"

#include "connectors/database/json_text.h"
#include "connectors/postgres/iso_time.h"
#include "connectors/postgres/nested_text.h"
#include "engine/base/base64.h"

#include <algorithm>

namespace pelton::postgres {
namespace {

using database::append_quoted;

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+-.e") == std::string_view::npos &&
         text.front() != '+' && text.front() != '.';
}

void append_number(std::string& out, std::string_view text) {
  if (is_number(text))
    out += text;
  else
    append_quoted(out, text);
}

void append_decimal(std::string& out, std::string_view text, Decimals decimals) {
  if (decimals == Decimals::number)
    append_number(out, text);
  else
    append_quoted(out, text);
}

// "-$1,234.50", as a session with lc_monetary = C writes it.
void append_money(std::string& out, std::string_view text, Decimals decimals) {
  std::string plain(text);
  std::erase_if(plain, [](char c) { return c == '$' || c == ','; });
  append_decimal(out, plain, decimals);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void append_bytea(std::string& out, std::string_view text) {
  std::string bytes;
  bool good = text.starts_with("\\x") && text.size() % 2 == 0;
  for (std::size_t i = 2; good && i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    good = high >= 0 && low >= 0;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  append_quoted(out, good ? to_base64(bytes) : text);
}

bool append_array(std::string& out, std::string_view text, const Type& type, Decimals decimals) {
  ArrayText items(text, type.delimiter);
  bool first = true;
  while (const auto token = items.next()) {
    if (token->kind == ArrayText::Kind::close) {
      out += ']';
      first = false;
      continue;
    }
    if (!first) out += ',';
    first = token->kind == ArrayText::Kind::open;
    if (first)
      out += '[';
    else if (token->kind == ArrayText::Kind::null)
      out += "null";
    else
      append_value(out, token->text, *type.element, decimals);
  }
  return items.complete();
}

bool append_composite(std::string& out, std::string_view text, const Type& type,
                      Decimals decimals) {
  RowText items(text);
  out += '{';
  for (const auto& [name, attribute] : type.attributes) {
    const auto item = items.next();
    if (!item) return false;
    if (out.back() != '{') out += ',';
    append_quoted(out, name);
    out += ':';
    if (*item)
      append_value(out, **item, *attribute, decimals);
    else
      out += "null";
  }
  out += '}';
  return items.complete();
}

}  // namespace

void append_value(std::string& out, std::string_view text, const Type& type, Decimals decimals) {
  const std::size_t before = out.size();
  const auto or_text = [&](bool good) {
    if (good) return;
    out.resize(before);
    append_quoted(out, text);
  };
  switch (type.shape) {
    case Type::Shape::text:
      return append_quoted(out, text);
    case Type::Shape::boolean:
      out += text == "t" ? "true" : "false";
      return;
    case Type::Shape::number:
      return append_number(out, text);
    case Type::Shape::decimal:
      return append_decimal(out, text, decimals);
    case Type::Shape::money:
      return append_money(out, text, decimals);
    case Type::Shape::json:
      out += text;
      return;
    case Type::Shape::bytea:
      return append_bytea(out, text);
    case Type::Shape::date:
    case Type::Shape::timestamp:
      return append_quoted(out, iso_time(text));
    case Type::Shape::array:
      return or_text(append_array(out, text, type, decimals));
    case Type::Shape::composite:
      return or_text(append_composite(out, text, type, decimals));
  }
}

}  // namespace pelton::postgres
