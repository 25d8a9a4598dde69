// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/data_fields.h"

#include "connectors/database/json_value.h"
#include "engine/base/utf8.h"

#include <simdjson.h>

#include <algorithm>

namespace pelton::database {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::simdjson_error;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\n' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

JsonValue json_of(ondemand::value value) {
  using Kind = JsonValue::Kind;
  switch (value.type()) {
    case ondemand::json_type::null:
      if (!value.is_null()) throw simdjson_error(simdjson::N_ATOM_ERROR);
      return {};
    case ondemand::json_type::boolean:
      return {Kind::boolean, bool(value.get_bool()) ? "true" : "false", {}};
    case ondemand::json_type::number: {
      const std::string_view raw = trimmed(value.raw_json_token());
      if (!is_json_number(raw)) throw simdjson_error(simdjson::NUMBER_ERROR);
      return {Kind::number, raw, {}};
    }
    case ondemand::json_type::string: {
      return {Kind::text, {}, std::string_view(value.get_string())};
    }
    default:
      return {Kind::structure, trimmed(simdjson::to_json_string(value)), {}};
  }
}

// Puts the value where it belongs; the error says why that cannot be.
std::optional<std::string> put(const TargetTable::Column& column, const JsonValue& value,
                               std::string& scratch, Value& to, TextArena& arena) {
  if (value.kind == JsonValue::Kind::null) {
    to = {Value::State::null, {}};
    return std::nullopt;
  }
  scratch.clear();
  std::string why;
  if (!append_value(column, value, scratch, why))
    return fmt::format("the value for the column {} cannot be written: {}", column.name, why);
  to = {Value::State::given, arena.add(scratch)};
  return std::nullopt;
}

}  // namespace

// The document is read from a copy with room behind it.
struct DataFields::Parser {
  ondemand::parser parser;
  std::string buffer;
  std::string scratch;

  ondemand::document open(std::string_view data) {
    if (data.starts_with(kByteOrderMark)) data.remove_prefix(kByteOrderMark.size());
    buffer.assign(data);
    buffer.reserve(data.size() + simdjson::SIMDJSON_PADDING);
    return parser.iterate(buffer);
  }
};

class DataFields::Reading {
 public:
  Reading(DataFields& fields, std::span<Value> row, TextArena& arena)
      : fields_(fields), row_(row), arena_(arena) {}

  std::optional<std::string> walk(ondemand::object object, const Node& node, bool outermost) {
    for (ondemand::field field : object) {
      const std::string_view name = field.unescaped_key();
      const auto wanted = node.inner.find(name);
      if (wanted != node.inner.end()) {
        if (auto why = take(field.value(), wanted->second)) return why;
      } else if (outermost && fields_.strict_) {
        return fmt::format("the data has the field \"{}\", for which there is no column",
                           shortened(name, 100));
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string> take(ondemand::value value, const Node& node) {
    if (!node.inner.empty() && value.type() == ondemand::json_type::object) {
      ondemand::object object = value.get_object();
      if (!node.columns.empty()) {
        const JsonValue whole{JsonValue::Kind::structure, trimmed(object.raw_json()), {}};
        if (auto why = put_all(node, whole)) return why;
        object.reset();
      }
      return walk(object, node, false);
    }
    return put_all(node, json_of(value));
  }

  std::optional<std::string> put_all(const Node& node, const JsonValue& value) {
    for (const std::size_t at : node.columns)
      if (auto why =
              put(fields_.table_.columns[at], value, fields_.parser_->scratch, row_[at], arena_))
        return why;
    return std::nullopt;
  }

  DataFields& fields_;
  const std::span<Value> row_;
  TextArena& arena_;
};

DataFields::DataFields(const TargetTable& table, bool strict)
    : table_(table), strict_(strict), parser_(std::make_unique<Parser>()) {}
DataFields::~DataFields() = default;

void DataFields::add(const std::vector<std::string>& path, std::size_t column) {
  Node* node = &root_;
  for (const std::string& name : path) node = &node->inner[name];
  node->columns.push_back(column);
  any_ = true;
}

std::optional<std::string> DataFields::read(std::string_view data, std::span<Value> row,
                                            TextArena& arena) try {
  ondemand::document document = parser_->open(data);
  if (document.type() != ondemand::json_type::object) return "the data is not a JSON object";
  auto why = Reading(*this, row, arena).walk(document.get_object(), root_, true);
  const char* behind = nullptr;
  if (!why && document.current_location().get(behind) == simdjson::SUCCESS)
    why = "the data is not valid JSON: something follows the object";
  return why;
} catch (const simdjson_error& error) {
  return fmt::format("the data is not valid JSON: {}", error.what());
}

std::optional<std::string> read_key_text(const TargetTable& table,
                                         std::span<const std::size_t> columns,
                                         std::string_view text, std::span<Value> row,
                                         TextArena& arena) try {
  const bool object = text.starts_with('{');
  if (!object && columns.size() == 1) {
    std::string out, why;
    if (!append_text(table.columns[columns[0]], text, out, why)) return why;
    row[columns[0]] = {Value::State::given, arena.add(out)};
    return std::nullopt;
  }
  if (object) {
    DataFields fields(table, false);
    for (const std::size_t at : columns) fields.add({table.columns[at].name}, at);
    return fields.read(text, row, arena);
  }
  simdjson::padded_string copy(text);
  ondemand::parser parser;
  ondemand::document document = parser.iterate(copy);
  std::size_t next = 0;
  std::string scratch;
  for (ondemand::value value : document.get_array()) {
    if (next == columns.size()) return "it has more values than the key has columns";
    const std::size_t at = columns[next++];
    if (auto why = put(table.columns[at], json_of(value), scratch, row[at], arena)) return why;
  }
  if (next < columns.size()) return "it has fewer values than the key has columns";
  return std::nullopt;
} catch (const simdjson_error&) {
  return "it is neither a JSON array of the key's columns nor a JSON object";
}

}  // namespace pelton::database
