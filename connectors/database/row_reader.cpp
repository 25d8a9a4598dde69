// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/row_reader.h"

#include "connectors/database/json_value.h"
#include "engine/base/units.h"

#include <algorithm>
#include <optional>

namespace pelton::database {
namespace {

using Kind = config::FieldRef::Kind;

std::optional<std::size_t> index_of(const TargetTable& table, const std::string& column) {
  const auto at = std::ranges::find(table.columns, column, &TargetTable::Column::name);
  if (at == table.columns.end()) return std::nullopt;
  return static_cast<std::size_t>(at - table.columns.begin());
}

std::unexpected<Error> no_row(const std::string& why) {
  return fail(ErrorKind::invalid, "E7245", "{}", why);
}

// The attribute as text; nothing: the event does not have it.
std::optional<std::string_view> attribute(const config::FieldRef& field, const model::Batch& batch,
                                          std::size_t i, std::string& scratch) {
  const auto unless_empty = [](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  switch (field.kind) {
    case Kind::id:
      return unless_empty(batch.id(i));
    case Kind::source:
      return unless_empty(batch.source(i));
    case Kind::type:
      return unless_empty(batch.type(i));
    case Kind::subject:
      return unless_empty(batch.subject(i));
    case Kind::content_type:
      return unless_empty(batch.content_type(i));
    case Kind::key:
      return batch.has_key(i) ? std::optional(batch.key(i)) : std::nullopt;
    case Kind::time:
      scratch = format_time(from_us(batch.time_us(i)));
      return scratch;
    case Kind::header: {
      std::string_view value;
      return batch.find_header(i, field.header, value) ? std::optional(value) : std::nullopt;
    }
    case Kind::data:
      return batch.has_data(i) ? std::optional(batch.data(i)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

RowReader::RowReader(const SinkOptions& options, const TargetTable& table)
    : options_(options),
      table_(table),
      fields_(std::make_unique<DataFields>(
          table, options.columns.empty() && options.unknown_fields == UnknownFields::fail)) {}

Result<RowReader> RowReader::make(const SinkOptions& options, const TargetTable& table) {
  RowReader made(options, table);
  if (auto good = made.map_columns(); !good) return std::unexpected(good.error());
  if (auto good = made.find_key(); !good) return std::unexpected(good.error());
  return made;
}

Status RowReader::map_columns() {
  if (options_.columns.empty())
    for (std::size_t i = 0; i < table_.columns.size(); ++i)
      fields_->add({table_.columns[i].name}, i);
  for (const SinkOptions::Column& column : options_.columns) {
    const auto at = index_of(table_, column.name);
    if (!at)
      return fail(ErrorKind::invalid, "E7242",
                  "table {} has no column {} that can be written, which `columns` names",
                  options_.name.text(), column.name);
    if (column.field.kind == Kind::data && !column.field.path.empty())
      fields_->add(column.field.path, *at);
    else
      attributes_.emplace_back(*at, &column.field);
  }
  return {};
}

Status RowReader::find_key() {
  if (!options_.needs_key()) return {};
  const auto& names = options_.key.empty() ? table_.key : options_.key;
  if (names.empty())
    return fail(ErrorKind::invalid, "E7242",
                "{} has no primary key: name the columns that tell its rows apart in `key`",
                options_.name.text());
  for (const std::string& name : names) {
    const auto at = index_of(table_, name);
    if (!at)
      return fail(ErrorKind::invalid, "E7242",
                  "table {} has no column {} that can be written, which is part of the key",
                  options_.name.text(), name);
    key_.push_back(*at);
  }
  return {};
}

bool RowReader::removes(const model::Batch& batch, std::size_t i) const {
  if (options_.deletes == Deletes::never) return false;
  if (!batch.has_data(i)) return true;
  std::string_view op;
  return options_.deletes == Deletes::change && batch.find_header(i, "op", op) && op == "d";
}

Result<bool> RowReader::read(const model::Batch& batch, std::size_t i, std::span<Value> row,
                             TextArena& arena) {
  const bool remove = removes(batch, i);
  Status good = read_attributes(batch, i, row, arena);
  const bool data = fields_->any() && batch.has_data(i);
  if (good && data) good = read_data(batch, i, row, arena);
  if (good && !remove && fields_->any() && !data)
    good = no_row("the event has no data; `delete: tombstone` would delete the row of its key");
  if (good && remove && !batch.has_data(i)) good = read_key(batch, i, row, arena);
  if (good) good = check_key(row);
  if (!good) return std::unexpected(good.error());
  if (!remove) return false;
  for (std::size_t at = 0; at < row.size(); ++at)
    if (std::ranges::find(key_, at) == key_.end()) row[at] = {};
  return true;
}

Status RowReader::read_attributes(const model::Batch& batch, std::size_t i, std::span<Value> row,
                                  TextArena& arena) {
  std::string scratch, out, why;
  for (const auto& [column, field] : attributes_) {
    const auto text = attribute(*field, batch, i, scratch);
    if (!text) {
      row[column] = {Value::State::null, {}};
      continue;
    }
    const TargetTable::Column& to = table_.columns[column];
    // All of the data is the document itself, or bytes: both as they are.
    const bool as_is = to.form == ColumnForm::text || to.form == ColumnForm::bytes ||
                       (to.form == ColumnForm::json && field->kind == Kind::data);
    if (as_is && field->kind != Kind::time) {
      row[column] = {Value::State::given, *text};
      continue;
    }
    out.clear();
    if (!append_text(to, *text, out, why))
      return no_row(fmt::format("{} cannot go to the column {}: {}", field->text, to.name, why));
    row[column] = {Value::State::given, arena.add(out)};
  }
  return {};
}

Status RowReader::read_data(const model::Batch& batch, std::size_t i, std::span<Value> row,
                            TextArena& arena) {
  if (auto why = fields_->read(batch.data(i), row, arena)) return no_row(fmt::format("{}", *why));
  return {};
}

// An event without data has its row in its key: one column as text, several as a JSON array, any
// number as a JSON object.
Status RowReader::read_key(const model::Batch& batch, std::size_t i, std::span<Value> row,
                           TextArena& arena) {
  const bool complete = std::ranges::all_of(
      key_, [&](std::size_t at) { return row[at].state == Value::State::given; });
  if (complete) return {};
  if (!batch.has_key(i)) return no_row("an event without data and key names no row to delete");
  if (auto why = read_key_text(table_, key_, batch.key(i), row, arena))
    return no_row(fmt::format("the event's key names no row to delete: {}", *why));
  return {};
}

Status RowReader::check_key(std::span<const Value> row) const {
  for (const std::size_t at : key_)
    if (row[at].state != Value::State::given)
      return no_row(fmt::format("the column {}, which is part of the key, has no value",
                                table_.columns[at].name));
  return {};
}

}  // namespace pelton::database
