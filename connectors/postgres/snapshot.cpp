// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/snapshot.h"

#include "connectors/postgres/copy_text.h"

#include <algorithm>
#include <charconv>

namespace pelton::postgres {
namespace {

using std::chrono::steady_clock;

std::string joined(const std::vector<std::string>& parts, const char* between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// Its columns are described as the server describes them before a change.
Message described(const PublishedTable& table) {
  Message message;
  message.kind = Message::Kind::relation;
  message.schema = table.schema;
  message.table = table.table;
  for (const PublishedTable::Column& column : table.columns)
    message.columns.push_back({column.key, column.name, column.type});
  return message;
}

// Behind that key, when there is one.
std::string copy_statement(const PublishedTable& table, const std::vector<std::string>& behind) {
  std::vector<std::string> columns, keys, values, conditions;
  for (const PublishedTable::Column& column : table.columns) {
    columns.push_back(quoted_name(column.name));
    if (!column.key) continue;
    keys.push_back(columns.back());
    if (keys.size() <= behind.size())
      values.push_back(quoted_text(behind[keys.size() - 1]) + "::" + column.type_name);
  }
  if (table.filter) conditions.push_back("(" + *table.filter + ")");
  if (!values.empty() && values.size() == keys.size())
    conditions.push_back("(" + joined(keys, ", ") + ") > (" + joined(values, ", ") + ")");
  std::string query =
      fmt::format("SELECT {} FROM {}{}.{}", joined(columns, ", "), table.partitioned ? "" : "ONLY ",
                  quoted_name(table.schema), quoted_name(table.table));
  if (!conditions.empty()) query += " WHERE " + joined(conditions, " AND ");
  if (!keys.empty()) query += " ORDER BY " + joined(keys, ", ");
  return "COPY (" + query + ") TO STDOUT";
}

}  // namespace

Result<std::unique_ptr<Snapshot>> Snapshot::begin(Setup setup, const Position& at) {
  auto session = Session::open(setup.url, Session::Kind::sql);
  if (!session) return std::unexpected(std::move(session).error());
  std::unique_ptr<Snapshot> snapshot(
      new Snapshot(Database(std::move(*session)), std::move(setup), at));
  if (auto opened = snapshot->open_transaction(); !opened) return std::unexpected(opened.error());
  if (auto listed = snapshot->list_tables(); !listed) return std::unexpected(listed.error());
  return snapshot;
}

Status Snapshot::open_transaction() {
  if (auto begun = database_.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun)
    return begun;
  if (!setup_.exported.empty())
    if (auto set = database_.run("SET TRANSACTION SNAPSHOT " + quoted_text(setup_.exported)); !set)
      return set;
  const auto time =
      database_.session().query("SELECT (extract(epoch FROM now()) * 1000000)::bigint");
  if (!time) return std::unexpected(time.error());
  const std::string text = time->front()[0].value_or("");
  std::from_chars(text.data(), text.data() + text.size(), time_us_);
  return database_.run("SAVEPOINT pelton");
}

Status Snapshot::list_tables() {
  auto tables = database_.published_tables(setup_.publications);
  if (!tables) return std::unexpected(std::move(tables).error());
  const SnapshotPosition& from = *at_.snapshot;
  for (PublishedTable& table : *tables) {
    const std::string name = table.full_name();
    const bool read = name < from.table || (name == from.table && from.finished);
    if (!read && database::wanted(setup_.tables, table.schema, table.table))
      tables_.push_back(std::move(table));
  }
  std::ranges::sort(tables_, {}, &PublishedTable::full_name);
  return {};
}

Status Snapshot::open_table(EnvelopeWriter& writer) {
  const PublishedTable& table = tables_[next_++];
  SnapshotPosition& at = *at_.snapshot;
  if (at.table != table.full_name()) at = {table.full_name(), false, {}};
  auto relation = describe(described(table), {}, database_);
  if (!relation) return std::unexpected(std::move(relation).error());
  writer.set_history(fmt::format("{}/{}", at_.system, at_.timeline));
  row_number_ = 0;
  if (auto started = database_.session().start_copy(copy_statement(table, at.key)); !started)
    return started;
  table_ = std::move(*relation);
  return {};
}

// The transaction locks what it has read: ALTER TABLE waits, and every statement behind it. Going
// back to a savepoint unlocks it and keeps what the transaction sees.
Status Snapshot::close_table() {
  table_.reset();
  *at_.snapshot = {at_.snapshot->table, true, {}};
  return database_.run("ROLLBACK TO SAVEPOINT pelton");
}

Status Snapshot::fill(EnvelopeWriter& writer, model::BatchBuilder& into, const Limits& limits) {
  while (!done() && into.size() < limits.events && into.payload_bytes() < limits.bytes) {
    if (!table_)
      if (auto opened = open_table(writer); !opened) return opened;
    // Returns what has been read before waiting for the server.
    const auto line =
        database_.session().receive(into.empty() ? limits.deadline : steady_clock::time_point{});
    if (!line) return std::unexpected(line.error());
    if (*line)
      give(writer, **line, into);
    else if (!database_.session().ended())
      break;
    else if (auto closed = close_table(); !closed)
      return closed;
  }
  return {};
}

void Snapshot::give(EnvelopeWriter& writer, std::string_view line, model::BatchBuilder& into) {
  read_copy_line(line, row_, unescaped_);
  const Change change{Change::Kind::read, &*table_, nullptr, false, &row_};
  writer.write(change, {at_.lsn, row_number_++, time_us_, 0}, into);
  std::vector<std::string>& key = at_.snapshot->key;
  key.resize(table_->key.size());
  for (std::size_t i = 0; i < key.size(); ++i)
    if (table_->key[i] < row_.size()) key[i] = row_[table_->key[i]].text;
}

Position Snapshot::position() const {
  Position out = at_;
  if (done()) out.snapshot.reset();
  return out;
}

}  // namespace pelton::postgres
