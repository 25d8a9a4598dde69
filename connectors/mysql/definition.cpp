// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/definition.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pelton::mysql {
namespace {

namespace json = boost::json;
using Kind = ColumnType::Kind;

struct TypeName {
  std::string_view name;
  Kind kind;
  std::array<WireType, 2> wire;  // what may stand for it in the log
};

constexpr auto kTypes = std::to_array<TypeName>({
    {"tinyint", Kind::integer, {WireType::tiny, WireType::tiny}},
    {"smallint", Kind::integer, {WireType::short_, WireType::short_}},
    {"mediumint", Kind::integer, {WireType::int24, WireType::int24}},
    {"int", Kind::integer, {WireType::long_, WireType::long_}},
    {"bigint", Kind::integer, {WireType::longlong, WireType::longlong}},
    {"float", Kind::floating, {WireType::float_, WireType::float_}},
    {"double", Kind::double_, {WireType::double_, WireType::double_}},
    {"decimal", Kind::decimal, {WireType::decimal, WireType::decimal}},
    {"char", Kind::text, {WireType::string, WireType::string}},
    {"varchar", Kind::text, {WireType::varchar, WireType::varchar_compressed}},
    {"tinytext", Kind::text, {WireType::blob, WireType::blob_compressed}},
    {"text", Kind::text, {WireType::blob, WireType::blob_compressed}},
    {"mediumtext", Kind::text, {WireType::blob, WireType::blob_compressed}},
    {"longtext", Kind::text, {WireType::blob, WireType::blob_compressed}},
    {"binary", Kind::binary, {WireType::string, WireType::string}},
    {"varbinary", Kind::binary, {WireType::varchar, WireType::varchar_compressed}},
    {"tinyblob", Kind::binary, {WireType::blob, WireType::blob_compressed}},
    {"blob", Kind::binary, {WireType::blob, WireType::blob_compressed}},
    {"mediumblob", Kind::binary, {WireType::blob, WireType::blob_compressed}},
    {"longblob", Kind::binary, {WireType::blob, WireType::blob_compressed}},
    {"date", Kind::date, {WireType::date, WireType::date}},
    {"time", Kind::time, {WireType::time2, WireType::time}},
    {"datetime", Kind::datetime, {WireType::datetime2, WireType::datetime}},
    {"timestamp", Kind::timestamp, {WireType::timestamp2, WireType::timestamp}},
    {"year", Kind::year, {WireType::year, WireType::year}},
    {"bit", Kind::bit, {WireType::bit, WireType::bit}},
    {"enum", Kind::enumeration, {WireType::enumeration, WireType::enumeration}},
    {"set", Kind::set, {WireType::set, WireType::set}},
    {"json", Kind::json, {WireType::json, WireType::json}},
    {"geometry", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"point", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"linestring", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"polygon", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"multipoint", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"multilinestring", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"multipolygon", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"geometrycollection", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"geomcollection", Kind::geometry, {WireType::geometry, WireType::geometry}},
    {"inet4", Kind::inet4, {WireType::string, WireType::string}},
    {"inet6", Kind::inet6, {WireType::string, WireType::string}},
    {"uuid", Kind::uuid, {WireType::string, WireType::string}},
    {"vector", Kind::vector, {WireType::vector, WireType::varchar}},
});

std::string_view type_name(std::string_view type) {
  return type.substr(0, type.find_first_of(" (/"));
}

const TypeName* find_type(std::string_view type) {
  const auto at = std::ranges::find(kTypes, type_name(type), &TypeName::name);
  return at == kTypes.end() ? nullptr : &*at;
}

char unescaped(char c) {
  return c == 'n' ? '\n' : c == 'r' ? '\r' : c == '0' ? '\0' : c == 'Z' ? '\x1A' : c;
}

// "'a','it''s'", up to the closing parenthesis.
std::vector<std::string> read_values(std::string_view text) {
  std::vector<std::string> out;
  while (text.starts_with('\'')) {
    std::string& value = out.emplace_back();
    std::size_t at = 1;
    for (; at < text.size(); ++at) {
      if (text[at] == '\'') {
        if (at + 1 >= text.size() || text[at + 1] != '\'') break;
        ++at;
      }
      const bool escape = text[at] == '\\' && at + 1 < text.size();
      value += escape ? unescaped(text[++at]) : text[at];
    }
    text.remove_prefix(std::min(at + 1, text.size()));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return out;
}

char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

json::array array_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

TableDefinition read(const json::object& object) {
  TableDefinition out;
  out.charset = object.at("charset").as_string();
  for (const json::value& name : object.at("key").as_array())
    out.key.emplace_back(name.as_string());
  for (const json::value& value : object.at("columns").as_array()) {
    const json::object& column = value.as_object();
    out.columns.push_back(
        {std::string(column.at("name").as_string()), std::string(column.at("type").as_string()),
         std::string(column.at("charset").as_string()), column.at("json").as_bool()});
  }
  return out;
}

}  // namespace

void lower_case(std::string& name) {
  std::ranges::transform(name, name.begin(), small_letter);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b,
                            [](char x, char y) { return small_letter(x) == small_letter(y); });
}

std::vector<ColumnDefinition>::iterator find_column(std::vector<ColumnDefinition>& columns,
                                                    std::string_view name) {
  return std::ranges::find_if(
      columns, [&](const ColumnDefinition& column) { return same_name(column.name, name); });
}

void set_key(TableDefinition& table, const std::vector<std::string>& names) {
  table.key.clear();
  for (const std::string& name : names)
    if (const auto column = find_column(table.columns, name); column != table.columns.end())
      table.key.push_back(column->name);
}

std::string encode(const TableDefinition& table) {
  json::array columns;
  for (const ColumnDefinition& column : table.columns)
    columns.push_back(json::object{{"name", column.name},
                                   {"type", column.type},
                                   {"charset", column.charset},
                                   {"json", column.json}});
  return json::serialize(json::object{
      {"columns", std::move(columns)}, {"key", array_of(table.key)}, {"charset", table.charset}});
}

std::optional<TableDefinition> decode_definition(std::string_view text) {
  try {
    return read(json::parse(text).as_object());
  } catch (const std::exception&) {  // of the library: not JSON, or not of this shape
    return std::nullopt;
  }
}

std::optional<ColumnType> parse_type(const ColumnDefinition& column) {
  const TypeName* const name = find_type(column.type);
  if (name == nullptr) return std::nullopt;
  ColumnType out;
  out.kind = column.json ? Kind::json : name->kind;
  out.is_unsigned = column.type.find(" unsigned") != std::string::npos;
  out.fixed = name->name == "binary";
  const std::size_t open = column.type.find('(');
  if (open == std::string::npos) return out;
  const std::string_view inside = std::string_view(column.type).substr(open + 1);
  if (out.kind == Kind::enumeration || out.kind == Kind::set)
    out.values = read_values(inside);
  else
    std::from_chars(inside.data(), inside.data() + inside.size(), out.length);
  return out;
}

std::string values_text(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    out += out.empty() ? "'" : ",'";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out += c;
      out += c;
    }
    out += '\'';
  }
  return out;
}

bool fits(const TableDefinition& table, const std::vector<WireColumn>& columns) {
  if (table.columns.size() != columns.size()) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const TypeName* const name = find_type(table.columns[i].type);
    if (name == nullptr || std::ranges::find(name->wire, columns[i].type) == name->wire.end())
      return false;
  }
  return true;
}

}  // namespace pelton::mysql
