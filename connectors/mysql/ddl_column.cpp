// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/ddl_column.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pelton::mysql {
namespace {

struct Synonym {
  std::string_view name, type;
};

constexpr auto kSynonyms = std::to_array<Synonym>({
    {"integer", "int"},          {"int1", "tinyint"},
    {"int2", "smallint"},        {"int3", "mediumint"},
    {"middleint", "mediumint"},  {"int4", "int"},
    {"int8", "bigint"},          {"bool", "tinyint(1)"},
    {"boolean", "tinyint(1)"},   {"serial", "bigint unsigned"},
    {"dec", "decimal"},          {"numeric", "decimal"},
    {"fixed", "decimal"},        {"number", "decimal"},
    {"real", "double"},          {"float4", "float"},
    {"float8", "double"},        {"character", "char"},
    {"nchar", "char"},           {"nvarchar", "varchar"},
    {"varcharacter", "varchar"}, {"varchar2", "varchar"},
    {"raw", "varbinary"},        {"clob", "longtext"},
    {"long", "mediumtext"},
});

// What stands for a type of texts whose character set is that of bytes.
constexpr auto kBytes = std::to_array<Synonym>({
    {"char", "binary"},
    {"varchar", "varbinary"},
    {"tinytext", "tinyblob"},
    {"text", "blob"},
    {"mediumtext", "mediumblob"},
    {"longtext", "longblob"},
});

template <std::size_t kCount>
std::string_view mapped(const std::array<Synonym, kCount>& words, std::string_view name) {
  const auto at = std::ranges::find(words, name, &Synonym::name);
  return at == words.end() ? name : at->type;
}

std::string_view name_of(std::string_view type) {
  return type.substr(0, type.find_first_of(" (/"));
}

void replace_name(std::string& type, std::string_view name) {
  type.replace(0, name_of(type).size(), name);
}

bool is_choice(std::string_view type) {
  return type == "enum" || type == "set";
}

// What is in the parentheses behind a type; they come next.
std::string arguments(SqlCursor& sql, bool choice) {
  std::string out;
  std::vector<std::string> values;
  sql.take_sign('(');
  while (!sql.done() && !sql.is_sign(')')) {
    const SqlToken* const token = sql.next();
    if (token->kind == SqlToken::Kind::text) values.push_back(token->text);
    out += token->text;
  }
  sql.take_sign(')');
  return choice ? values_text(values) : out;
}

// FLOAT(30) is a DOUBLE; FLOAT(7,3) is none.
void adjust_float(std::string& type, const std::string& inside) {
  int digits = 0;
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), digits);
  if (error == std::errc{} && end == inside.data() + inside.size() && digits > 24) type = "double";
}

// Words behind the first that belong to a type's name: "double precision", "char varying".
void more_of_name(SqlCursor& sql, std::string& type, ColumnDefinition& column) {
  if (type == "national") {
    column.charset = "utf8mb3";
    const SqlToken* const word = sql.next();
    type = word == nullptr ? "" : std::string(mapped(kSynonyms, word->lower));
  }
  if (type == "double") sql.take("precision");
  if (type == "char" && sql.take("varying")) type = "varchar";
  if (type == "mediumtext" && sql.take("varbinary")) type = "mediumblob";
  if (type == "mediumtext" && sql.take_any({"varchar", "varcharacter"})) return;
  if (type == "mediumtext") sql.take({"char", "varying"});
}

bool read_type(SqlCursor& sql, ColumnDefinition& column, bool json_is_text) {
  const SqlToken* const word = sql.next();
  if (word == nullptr || word->kind != SqlToken::Kind::word) return false;
  std::string type(mapped(kSynonyms, word->lower));
  if (word->lower == "nchar" || word->lower == "nvarchar") column.charset = "utf8mb3";
  more_of_name(sql, type, column);
  if (type == "json" && json_is_text) {
    type = "longtext";
    column.charset = "utf8mb4";
    column.json = true;
  }
  if (sql.is_sign('(')) {
    const std::string inside = arguments(sql, is_choice(type));
    if (type == "float")
      adjust_float(type, inside);
    else
      type += "(" + inside + ")";
  }
  column.type = std::move(type);
  return parse_type(column).has_value();
}

// CHECK (json_valid(`column`)), as MariaDB writes what was declared JSON.
bool is_json_check(SqlCursor& sql, const std::string& column) {
  if (!sql.take_sign('(') || !sql.take("json_valid") || !sql.take_sign('(')) return false;
  const auto name = sql.take_name();
  return name == column && sql.take_sign(')') && sql.take_sign(')');
}

// One attribute; false: it is none of those that matter here.
bool read_attribute(SqlCursor& sql, DeclaredColumn& out) {
  ColumnDefinition& column = out.column;
  if (sql.take_any({"unsigned", "zerofill"})) {
    if (column.type.find(" unsigned") == std::string::npos) column.type += " unsigned";
  } else if (sql.take({"character", "set"}) || sql.take({"char", "set"}) || sql.take("charset")) {
    const SqlToken* const name = sql.next();
    column.charset = name == nullptr ? "" : name->lower.empty() ? name->text : name->lower;
  } else if (sql.take("collate")) {
    sql.take_sign('=');
    const auto name = sql.next();
    if (name != nullptr && column.charset.empty())
      column.charset = charset_of_collation(name->text);
  } else if (sql.take("ascii")) {
    column.charset = "latin1";
  } else if (sql.take("unicode")) {
    column.charset = "ucs2";
  } else if (sql.take("byte")) {
    column.charset = "binary";
  } else if (sql.take("unique")) {
    sql.take("key");
  } else if (sql.take({"primary", "key"}) || sql.take("key")) {
    out.primary = true;
  } else if (sql.take("first")) {
    out.first = true;
  } else if (sql.take("after")) {
    out.after = sql.take_name();
  } else if (sql.take("check")) {
    SqlCursor at = sql;
    if (is_text(column) && is_json_check(at, column.name)) column.json = true;
    sql.skip();
  } else if (sql.take({"set", "default"})) {
    // What a foreign key does.
  } else if (sql.take_any({"default", "comment"})) {
    sql.skip();
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool is_text(const ColumnDefinition& column) {
  const auto type = parse_type(column);
  if (!type) return false;
  return type->kind == ColumnType::Kind::text ||
         (type->kind == ColumnType::Kind::json && column.json);
}

std::string charset_of_collation(const std::string& collation) {
  if (collation.starts_with("uca1400")) return "";
  return collation.substr(0, collation.find('_'));
}

void complete(ColumnDefinition& column, const std::string& charset) {
  if (!is_text(column)) {
    column.charset.clear();
    return;
  }
  if (column.charset.empty()) column.charset = charset;
  if (column.charset != "binary") return;
  replace_name(column.type, mapped(kBytes, name_of(column.type)));
  column.charset.clear();
}

std::optional<DeclaredColumn> declared_column(std::string name, SqlCursor& sql, bool json_is_text) {
  DeclaredColumn out;
  out.column.name = std::move(name);
  if (!read_type(sql, out.column, json_is_text)) return std::nullopt;
  while (!sql.done() && !sql.is_sign(',') && !sql.is_sign(')'))
    if (!read_attribute(sql, out)) sql.skip();
  return out;
}

}  // namespace pelton::mysql
