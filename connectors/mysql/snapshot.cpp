// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/snapshot.h"

#include "connectors/mysql/sql_text.h"

#include <algorithm>
#include <charconv>

namespace pelton::mysql {
namespace {

using std::chrono::steady_clock;
using Kind = ColumnType::Kind;

class SelectedRow final : public database::RowValues {
 public:
  SelectedRow(const LoggedTable& table, const RowViews& row, Decimals decimals)
      : table_(table), row_(row), decimals_(decimals) {}

  std::size_t size() const override { return row_.size(); }
  State state(std::size_t column) const override {
    return row_[column] ? State::value : State::null;
  }
  void append_json(std::string& out, std::size_t column) const override {
    append_selected(out, *row_[column], table_.types[column], decimals_);
  }
  void append_text(std::string& out, std::size_t column) const override {
    std::string json;
    append_json(json, column);
    append_unquoted(out, json);
  }

 private:
  const LoggedTable& table_;
  const RowViews& row_;
  const Decimals decimals_;
};

// Whether a comparison with the value as literal() writes it, and the server's order, agree.
bool is_ordered(Kind kind) {
  switch (kind) {
    case Kind::integer:
    case Kind::decimal:
    case Kind::text:
    case Kind::binary:
    case Kind::date:
    case Kind::time:
    case Kind::datetime:
    case Kind::timestamp:
    case Kind::year:
      return true;
    default:
      return false;
  }
}

std::string literal(std::string_view text, Kind kind) {
  if (kind == Kind::integer || kind == Kind::decimal || kind == Kind::year)
    return std::string(text);
  std::string quoted = quoted_text(text);
  return kind == Kind::binary ? quoted.substr(quoted.find('X')) : quoted;
}

// FLOAT is shown with six digits; a calculation shows all of them.
std::string selected(const std::string& name, Kind kind) {
  const bool floating = kind == Kind::floating || kind == Kind::double_;
  return floating ? quoted_name(name) + " + 0e0" : quoted_name(name);
}

std::string joined(const std::vector<std::string>& parts, const char* between) {
  return fmt::format("{}", fmt::join(parts, between));
}

// The key is behind these values: (a > x) OR (a = x AND b > y), which the server answers from its
// index, other than (a, b) > (x, y).
std::string behind(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  std::vector<std::string> cases;
  std::string equal;
  for (std::size_t i = 0; i < names.size(); ++i) {
    cases.push_back(fmt::format("({}{} > {})", equal, names[i], values[i]));
    equal += fmt::format("{} = {} AND ", names[i], values[i]);
  }
  return joined(cases, " OR ");
}

std::string select_statement(const TableName& name, const LoggedTable& table,
                             const std::vector<std::size_t>& key,
                             const std::vector<std::string>& values) {
  std::vector<std::string> columns, keys;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    columns.push_back(selected(table.columns[i].name, table.types[i].type.kind));
  for (const std::size_t i : key) keys.push_back(quoted_name(table.columns[i].name));
  std::string out = fmt::format("SELECT {} FROM {}.{}", joined(columns, ", "),
                                quoted_name(name.database), quoted_name(name.table));
  if (!keys.empty() && values.size() == keys.size()) out += " WHERE " + behind(keys, values);
  if (!keys.empty()) out += " ORDER BY " + joined(keys, ", ");
  return out;
}

}  // namespace

Result<std::unique_ptr<Snapshot>> Snapshot::begin(Setup setup, Position at) {
  auto session = Session::open(setup.server);
  if (!session) return std::unexpected(std::move(session).error());
  std::unique_ptr<Snapshot> snapshot(
      new Snapshot(ServerCatalog(std::move(*session)), std::move(setup), std::move(at)));
  snapshot->continued_ = snapshot->at_.snapshot.has_value();
  if (!snapshot->continued_) snapshot->at_.snapshot.emplace();
  if (auto opened = snapshot->open_transaction(); !opened) return std::unexpected(opened.error());
  if (auto marked = snapshot->catalog_.session().run("SAVEPOINT pelton"); !marked)
    return std::unexpected(marked.error());
  if (auto listed = snapshot->list_tables(); !listed) return std::unexpected(listed.error());
  return snapshot;
}

Status Snapshot::open_transaction() {
  Session& session = catalog_.session();
  if (auto set = session.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); !set)
    return set;
  // A MariaDB server that would log what this session changes does not unlock tables
  // (close_table()). Without the right to say so, they stay locked.
  if (const auto silent = session.run("SET SESSION sql_log_bin = 0");
      !silent && silent.error().code != "E7223")
    return silent;
  if (auto opened = session.is_mariadb() ? open_maria() : open_mysql(); !opened) return opened;
  const auto time = session.value("SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS UNSIGNED)");
  if (!time) return std::unexpected(time.error());
  std::from_chars(time->data(), time->data() + time->size(), place_.time_us);
  place_.id = text_of(at_.reached);
  return {};
}

// The server knows which place of its log the transaction belongs to.
Status Snapshot::open_maria() {
  if (auto begun = catalog_.session().run("START TRANSACTION WITH CONSISTENT SNAPSHOT"); !begun)
    return begun;
  if (continued_) return {};
  const auto place = catalog_.snapshot_place();
  if (!place) return std::unexpected(place.error());
  place_.log = *place;
  at_.reached = *place;
  if (!setup_.gtids) return {};
  const auto gtids = catalog_.maria_gtids_at(*place);
  if (!gtids) return std::unexpected(gtids.error());
  at_.reached = MariaGtidSet::parse(*gtids).value_or(MariaGtidSet{});
  return {};
}

// What has a number before the transaction begins, it sees. What gets one in between it may see as
// well: those changes then come again.
Status Snapshot::open_mysql() {
  if (!setup_.gtids) return open_locked();
  const auto gtids = continued_ ? Result<std::string>("") : catalog_.mysql_gtids();
  if (!gtids) return std::unexpected(gtids.error());
  if (auto begun = catalog_.session().run("START TRANSACTION WITH CONSISTENT SNAPSHOT"); !begun)
    return begun;
  if (continued_) return {};
  auto set = MysqlGtidSet::parse(*gtids);
  if (!set)
    return fail(ErrorKind::invalid, "E7233", "the server numbers transactions with tags: {}",
                *gtids);
  at_.reached = std::move(*set);
  return {};
}

// Without numbers only a moment without commits has one place.
Status Snapshot::open_locked() {
  Session& session = catalog_.session();
  if (!continued_)
    if (auto locked = session.run("FLUSH TABLES WITH READ LOCK"); !locked) return locked;
  if (auto begun = session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT"); !begun) return begun;
  if (continued_) return {};
  const auto end = catalog_.log_end();
  if (!end) return std::unexpected(end.error());
  place_.log = *end;
  at_.reached = *end;
  return session.run("UNLOCK TABLES");
}

Status Snapshot::list_tables() {
  auto tables = catalog_.tables(setup_.tables);
  if (!tables) return std::unexpected(std::move(tables).error());
  const SnapshotPosition& from = *at_.snapshot;
  std::ranges::sort(*tables, {}, &TableName::text);
  for (TableName& table : *tables) {
    auto definition = catalog_.table(table);
    if (!definition) return std::unexpected(std::move(definition).error());
    if (!*definition) continue;
    schema_.put(table, std::move(**definition));
    const std::string name = table.text();
    const bool read = name < from.table || (name == from.table && from.finished);
    if (!read) tables_.push_back(std::move(table));
  }
  return {};
}

Status Snapshot::open_table(EnvelopeWriter& writer) {
  const TableName& name = tables_[next_++];
  SnapshotPosition& at = *at_.snapshot;
  if (at.table != name.text()) at = {name.text(), false, {}};
  const TableDefinition& definition = *schema_.find(name);
  LoggedTable table = table_of(name, definition, {});
  key_.clear();
  for (const std::string& column : definition.key)
    key_.push_back(static_cast<std::size_t>(
        std::ranges::find(table.columns, column, &database::Table::Column::name) -
        table.columns.begin()));
  const bool ordered = std::ranges::all_of(key_, [&](std::size_t i) {
    return i < table.types.size() && is_ordered(table.types[i].type.kind);
  });
  if (!ordered) key_.clear();
  writer.set_history(at_.history);
  row_number_ = 0;
  if (auto started = catalog_.session().start_rows(select_statement(name, table, key_, at.key));
      !started)
    return started;
  table_ = std::move(table);
  return {};
}

// The server locks the definition of a table that a transaction has read: ALTER TABLE waits, and
// every statement behind it. Going back to a savepoint unlocks it and keeps what the transaction
// sees.
Status Snapshot::close_table() {
  table_.reset();
  *at_.snapshot = {at_.snapshot->table, true, {}};
  return catalog_.session().run("ROLLBACK TO SAVEPOINT pelton");
}

Status Snapshot::fill(EnvelopeWriter& writer, model::BatchBuilder& into, const Limits& limits) {
  while (!done() && into.size() < limits.events && into.payload_bytes() < limits.bytes) {
    if (!table_)
      if (auto opened = open_table(writer); !opened) return opened;
    // Returns what has been read before waiting for the server.
    const auto row =
        catalog_.session().next_row(into.empty() ? limits.deadline : steady_clock::time_point{});
    if (!row) return std::unexpected(row.error());
    if (*row != nullptr)
      give(writer, **row, into);
    else if (!catalog_.session().ended())
      break;
    else if (auto closed = close_table(); !closed)
      return closed;
  }
  return {};
}

void Snapshot::give(EnvelopeWriter& writer, const RowViews& row, model::BatchBuilder& into) {
  const SelectedRow values(*table_, row, writer.decimals());
  writer.write({database::ChangeKind::read, &*table_, nullptr, false, &values, row_number_++,
                place_.time_us},
               place_, into);
  std::vector<std::string>& key = at_.snapshot->key;
  key.resize(key_.size());
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = literal(row[key_[i]].value_or(""), table_->types[key_[i]].type.kind);
}

Position Snapshot::position() const {
  Position out = at_;
  if (done()) out.snapshot.reset();
  return out;
}

}  // namespace pelton::mysql
