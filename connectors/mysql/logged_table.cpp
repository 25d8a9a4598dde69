// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/logged_table.h"

#include "connectors/database/json_text.h"
#include "connectors/mysql/ddl_column.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace pelton::mysql {
namespace {

std::string with_sign(const char* type, bool is_unsigned) {
  return is_unsigned ? std::string(type) + " unsigned" : type;
}

std::string with_length(const char* type, std::uint32_t length) {
  return fmt::format("{}({})", type, length);
}

// How SQL would declare it. `charset`: of texts; "binary" of bytes.
std::string type_text(const WireColumn& column, bool is_unsigned,
                      const std::vector<std::string>& values) {
  switch (column.type) {
    case WireType::tiny:
      return with_sign("tinyint", is_unsigned);
    case WireType::short_:
      return with_sign("smallint", is_unsigned);
    case WireType::int24:
      return with_sign("mediumint", is_unsigned);
    case WireType::long_:
      return with_sign("int", is_unsigned);
    case WireType::longlong:
      return with_sign("bigint", is_unsigned);
    case WireType::float_:
      return "float";
    case WireType::double_:
      return "double";
    case WireType::decimal:
      return fmt::format("decimal({},{})", column.meta / 256, column.meta % 256);
    case WireType::timestamp:
    case WireType::timestamp2:
      return "timestamp";
    case WireType::datetime:
    case WireType::datetime2:
      return "datetime";
    case WireType::date:
      return "date";
    case WireType::time:
    case WireType::time2:
      return "time";
    case WireType::year:
      return "year";
    case WireType::bit:
      return with_length("bit", column.meta);
    case WireType::enumeration:
      return "enum(" + values_text(values) + ")";
    case WireType::set:
      return "set(" + values_text(values) + ")";
    case WireType::json:
      return "json";
    case WireType::geometry:
      return "geometry";
    case WireType::vector:
      return "vector";
    case WireType::string:
      return with_length("char", column.meta);
    case WireType::varchar:
    case WireType::varchar_compressed:
      return with_length("varchar", column.meta);
    case WireType::blob:
    case WireType::blob_compressed:
      return "longtext";
  }
  return "";
}

}  // namespace

LoggedTable table_of(const TableName& name, const TableDefinition& definition,
                     const std::vector<WireColumn>& wire) {
  LoggedTable out;
  out.schema = name.database;
  out.table = name.table;
  out.full_name = name.text();
  // Shared by the columns.
  std::map<std::string, std::shared_ptr<const Charset>> charsets;
  for (std::size_t i = 0; i < definition.columns.size(); ++i) {
    const ColumnDefinition& column = definition.columns[i];
    database::Table::Column& to = out.columns.emplace_back();
    to.name = column.name;
    database::append_quoted(to.label, column.name);
    to.label += ':';
    to.identity = std::ranges::find(definition.key, column.name) != definition.key.end();
    mysql::Column& type = out.types.emplace_back();
    type.type = parse_type(column).value_or(ColumnType{});
    if (i < wire.size()) type.wire = wire[i];
    if (!column.charset.empty()) {
      auto& charset = charsets[column.charset];
      if (!charset) charset = std::make_shared<const Charset>(column.charset);
      type.charset = charset;
    }
  }
  for (std::size_t i = 0; i < out.columns.size(); ++i)
    if (out.columns[i].identity) out.key.push_back(i);
  return out;
}

bool is_sequence(const TableDefinition& definition) {
  static constexpr std::array<std::string_view, 8> kColumns{
      "next_not_cached_value", "minimum_value", "maximum_value",
      "start_value",           "increment",     "cache_size",
      "cycle_option",          "cycle_count"};
  return std::ranges::equal(definition.columns, kColumns, {}, &ColumnDefinition::name);
}

bool same_names(const TableDefinition& definition, const WireNames& names) {
  return std::ranges::equal(definition.columns, names.names, {}, &ColumnDefinition::name);
}

Result<TableDefinition> definition_of(const TableMap& map, Catalog& catalog) {
  TableDefinition out;
  const WireNames& names = *map.names;
  for (std::size_t i = 0; i < map.columns.size(); ++i) {
    ColumnDefinition& column = out.columns.emplace_back();
    column.name = names.names[i];
    column.type = type_text(map.columns[i], names.is_unsigned[i], names.values[i]);
    std::string charset = "utf8mb4";
    if (names.collations[i] != 0) {
      auto found = catalog.charset_of(names.collations[i]);
      if (!found) return std::unexpected(std::move(found).error());
      if (!found->empty()) charset = std::move(*found);
    }
    complete(column, charset);
  }
  for (const std::size_t i : names.key) out.key.push_back(out.columns[i].name);
  return out;
}

void adopt_special_types(TableDefinition& logged, const TableDefinition& known,
                         const std::vector<WireColumn>& wire) {
  using Kind = ColumnType::Kind;
  for (std::size_t i = 0; i < logged.columns.size(); ++i) {
    const auto type = parse_type(known.columns[i]);
    if (!type) continue;
    const bool special = type->kind == Kind::json || type->kind == Kind::uuid ||
                         type->kind == Kind::inet4 || type->kind == Kind::inet6 ||
                         type->kind == Kind::vector || wire[i].type == WireType::blob_compressed ||
                         wire[i].type == WireType::varchar_compressed;
    if (special) logged.columns[i] = known.columns[i];
  }
}

void append_unquoted(std::string& out, std::string_view json) {
  if (!json.starts_with('"')) {
    out += json;
    return;
  }
  if (json.find('\\') == std::string_view::npos) {
    out += json.substr(1, json.size() - 2);
    return;
  }
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(json, error);
  if (!error && value.is_string()) out += std::string_view(value.get_string());
}

void LoggedRow::append_json(std::string& out, std::size_t column) const {
  append_value(out, row_[column].bytes, table_.types[column], decimals_, scratch_);
}

void LoggedRow::append_text(std::string& out, std::size_t column) const {
  std::string json;
  append_json(json, column);
  append_unquoted(out, json);
}

}  // namespace pelton::mysql
