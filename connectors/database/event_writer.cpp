// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/event_writer.h"

#include "connectors/database/json_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

namespace pelton::database {
namespace {

// What Debezium writes for a value that the server did not send.
constexpr const char* kUnavailable = R"("__debezium_unavailable_value")";

struct Words {
  const char* op;
  const char* type;
};

// By kind.
constexpr std::array<Words, 6> kWords{{{"c", "insert"},
                                       {"u", "update"},
                                       {"d", "delete"},
                                       {"t", "truncate"},
                                       {"r", "read"},
                                       {"d", "tombstone"}}};

const char* op_of(ChangeKind kind) {
  return kWords[static_cast<std::size_t>(kind)].op;
}

}  // namespace

EventWriter::EventWriter(Setup setup)
    : setup_(std::move(setup)), source_(setup_.database + ":" + setup_.connector) {
  for (const Words& words : kWords)
    types_.push_back("pelton." + setup_.database + "." + words.type);
}

void EventWriter::write(const RowChange& change, Origin& origin, model::BatchBuilder& into) {
  data_.clear();
  unchanged_.clear();
  const bool tombstone = change.kind == ChangeKind::tombstone;
  if (!tombstone && setup_.envelope == Envelope::flat) write_flat(change);
  if (!tombstone && setup_.envelope == Envelope::debezium) write_debezium(change, origin);
  make_key(change);
  make_id(change, origin);
  list_unchanged(change);
  add_headers(change, origin);
  event_.id = id_;
  event_.source = source_;
  event_.type = types_[static_cast<std::size_t>(change.kind)];
  event_.subject = change.table->full_name;
  event_.content_type = "application/json";
  event_.key = key_;
  event_.has_key = true;
  event_.data = data_;
  event_.has_data = !tombstone;
  event_.time_us = change.time_us;
  into.add(event_);
}

void EventWriter::add_headers(const RowChange& change, Origin& origin) {
  event_.headers.clear();
  event_.headers.push_back({"schema", change.table->schema});
  event_.headers.push_back({"table", change.table->table});
  event_.headers.push_back({"op", op_of(change.kind)});
  origin.add_headers(event_.headers, change);
  if (change.kind != ChangeKind::read) {
    index_.clear();
    fmt::format_to(std::back_inserter(index_), "{}", change.index);
    event_.headers.push_back({"index", index_});
  }
  if (!unchanged_.empty()) event_.headers.push_back({"unchanged", unchanged_});
}

void EventWriter::write_flat(const RowChange& change) {
  const RowValues* row = change.after != nullptr ? change.after : change.before;
  if (row != nullptr)
    append_row(*change.table, *row, change.after == nullptr && change.before_is_key);
  else
    data_ += "{}";
}

void EventWriter::write_debezium(const RowChange& change, Origin& origin) {
  const auto member = [&](const char* name, const RowValues* row, bool key_only) {
    data_ += name;
    if (row != nullptr)
      append_row(*change.table, *row, key_only);
    else
      data_ += "null";
  };
  member(R"({"before":)", change.before, change.before_is_key);
  member(R"(,"after":)", change.after, false);
  data_ += R"(,"source":)";
  origin.append_source(data_, change);
  fmt::format_to(std::back_inserter(data_), R"(,"op":"{}","ts_ms":{}}})", op_of(change.kind),
                 now_us_ / 1000);
}

// A value that was not sent is left out, or marked: never null.
void EventWriter::append_row(const Table& table, const RowValues& row, bool key_only) {
  char before = '{';
  for (std::size_t i = 0; i < row.size() && i < table.columns.size(); ++i) {
    const Table::Column& column = table.columns[i];
    const RowValues::State state = row.state(i);
    const bool absent = state == RowValues::State::absent;
    if ((key_only && !column.identity) || (absent && setup_.envelope == Envelope::flat)) continue;
    data_ += std::exchange(before, ',');
    data_ += column.label;
    if (absent)
      data_ += kUnavailable;
    else if (state == RowValues::State::null)
      data_ += "null";
    else
      row.append_json(data_, i);
  }
  if (before == '{') data_ += '{';
  data_ += '}';
}

// Of a table without a key: the table's name, so that its changes stay in order.
void EventWriter::make_key(const RowChange& change) {
  const Table& table = *change.table;
  const RowValues* row = change.after != nullptr ? change.after : change.before;
  key_.clear();
  if (table.key.empty() || row == nullptr || row->size() < table.columns.size()) {
    key_ = table.full_name;
    return;
  }
  const bool named = setup_.envelope == Envelope::debezium;
  if (!named && table.key.size() == 1) {
    if (row->state(table.key.front()) == RowValues::State::value)
      row->append_text(key_, table.key.front());
    return;
  }
  char before = named ? '{' : '[';
  for (const std::size_t i : table.key) {
    key_ += std::exchange(before, ',');
    if (named) key_ += table.columns[i].label;
    if (row->state(i) == RowValues::State::value)
      row->append_json(key_, i);
    else
      key_ += "null";
  }
  key_ += named ? '}' : ']';
}

void EventWriter::make_id(const RowChange& change, const Origin& origin) {
  id_.clear();
  origin.append_place(id_);
  id_ += '/';
  if (change.kind != ChangeKind::read) {
    fmt::format_to(std::back_inserter(id_), "{}", change.index);
    return;
  }
  id_ += change.table->full_name;
  id_ += '/';
  if (change.table->key.empty())
    // The rows of another transaction may have another order.
    fmt::format_to(std::back_inserter(id_), "{}-{}", change.time_us, change.index);
  else
    id_ += key_;
}

void EventWriter::list_unchanged(const RowChange& change) {
  if (change.after == nullptr) return;
  const std::size_t count = std::min(change.after->size(), change.table->columns.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (change.after->state(i) != RowValues::State::absent) continue;
    unchanged_ += unchanged_.empty() ? '[' : ',';
    append_quoted(unchanged_, change.table->columns[i].name);
  }
  if (!unchanged_.empty()) unchanged_ += ']';
}

}  // namespace pelton::database
