// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/mysql_target.h"

#include "connectors/mysql/definition.h"
#include "connectors/mysql/sql_text.h"
#include "connectors/mysql/write_sql.h"
#include "engine/base/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace pelton::mysql {
namespace {

constexpr std::size_t kShownRefusal = 1'000;
// What a packet has beside its statement.
constexpr std::size_t kPacketRoom = 1'024;
constexpr int kForgotten = 1'000;  // rows at a time

std::string text_or_none(const std::optional<std::string>& value) {
  return value.value_or("");
}

template <typename Number>
Number number(std::string_view text) {
  Number out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

database::ColumnForm column_form(std::string_view type, bool json) {
  constexpr std::array kNumbers{"tinyint", "smallint", "mediumint", "int", "bigint",
                                "decimal", "float",    "double",    "year"};
  if (json || type == "json") return database::ColumnForm::json;
  if (std::ranges::find(kNumbers, type) != kNumbers.end()) return database::ColumnForm::number;
  if (type == "bit") return database::ColumnForm::bits;
  if (type == "enum" || type == "set") return database::ColumnForm::choice;
  if (type == "datetime" || type == "timestamp" || type == "date")
    return database::ColumnForm::time;
  return type.ends_with("binary") || type.ends_with("blob") ? database::ColumnForm::bytes
                                                            : database::ColumnForm::text;
}

// Of an enum or a set.
std::vector<std::string> names_of(const std::string& type) {
  ColumnDefinition column;
  column.type = type;
  const auto parsed = parse_type(column);
  return parsed ? parsed->values : std::vector<std::string>();
}

std::string where(const database::TableName& name, const char* what) {
  return fmt::format("{}_SCHEMA = {} AND TABLE_NAME = {}", what, quoted_text(name.schema),
                     quoted_text(name.table));
}

}  // namespace

Result<Rows> MysqlTarget::query(const std::string& sql) {
  auto rows = session_->query(sql);
  if (!rows) return error(std::move(rows).error());
  return rows;
}

// A deadlock, or a row that has changed since it was read; a server, or a transaction, that is
// read-only.
std::unexpected<Error> MysqlTarget::error(Error error) const {
  const unsigned number = session_->error_number();
  if (number == 1213 || number == 1020) {
    error.kind = ErrorKind::unavailable;
    error.code = "E7246";
  }
  if (number == 1290 || number == 1792 || number == 1836) {
    error.kind = ErrorKind::unavailable;
    error.code = "E7249";
  }
  return std::unexpected(std::move(error));
}

Status MysqlTarget::log_in() {
  auto session =
      Session::open_writer(SinkOptions{options_, tls_}.server(),
                           std::chrono::ceil<std::chrono::seconds>(options_.timeout), hurry_);
  if (!session) return std::unexpected(std::move(session).error());
  session_.emplace(std::move(*session));
  const auto packet = session_->value("SELECT @@max_allowed_packet");
  if (!packet) return std::unexpected(packet.error());
  most_ = number<std::size_t>(*packet) - kPacketRoom;
  return {};
}

void MysqlTarget::log_out() {
  session_.reset();
  open_ = false;
}

Result<std::optional<MysqlTarget::Found>> MysqlTarget::find_table(const database::TableName& name) {
  const auto rows = query(
      "SELECT t.ENGINE, e.TRANSACTIONS FROM information_schema.TABLES t LEFT JOIN "
      "information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE " +
      where(name, "TABLE"));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  // A view has no engine.
  if (rows->front()[1].value_or("YES") == "YES") return Found{};
  return Found{"", fmt::format("has the engine {}, which has no transactions; InnoDB has",
                               text_or_none(rows->front()[0]))};
}

Result<database::TargetTable> MysqlTarget::read_columns(const Found& /*found*/) {
  const auto columns = query(
      "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE FROM information_schema.COLUMNS WHERE "
      "COALESCE(GENERATION_EXPRESSION, '') = '' AND " +
      where(options_.name, "TABLE") + " ORDER BY ORDINAL_POSITION");
  if (!columns) return std::unexpected(columns.error());
  const auto key = query(
      "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE INDEX_NAME = 'PRIMARY' AND " +
      where(options_.name, "TABLE") + " ORDER BY SEQ_IN_INDEX");
  if (!key) return std::unexpected(key.error());
  Rows checks;
  // MariaDB's JSON is a text with such a check.
  if (session_->is_mariadb()) {
    auto found = query("SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE " +
                       where(options_.name, "CONSTRAINT"));
    if (!found) return std::unexpected(found.error());
    checks = std::move(*found);
  }
  database::TargetTable out;
  for (const auto& row : *columns) {
    const std::string check = "json_valid(" + quoted_name(text_or_none(row[0])) + ")";
    const bool json =
        std::ranges::any_of(checks, [&](const auto& one) { return text_or_none(one[0]) == check; });
    out.columns.push_back({text_or_none(row[0]), "", column_form(text_or_none(row[1]), json),
                           database::ColumnForm::text, false, names_of(text_or_none(row[2]))});
  }
  for (const auto& row : *key) out.key.push_back(text_or_none(row[0]));
  return out;
}

Status MysqlTarget::execute(const std::string& sql) {
  const auto done = query(sql);
  return done ? Status{} : std::unexpected(done.error());
}

MysqlTarget::Common MysqlTarget::common() const {
  return {create_sql(options_),
          fmt::format("CREATE TABLE IF NOT EXISTS {} (place varbinary(1024) PRIMARY KEY, moved "
                      "bigint NOT NULL, settled bigint NOT NULL, written longtext CHARACTER SET "
                      "ascii NOT NULL, changed timestamp NOT NULL DEFAULT current_timestamp) "
                      "ENGINE = InnoDB",
                      quoted_table(options_.progress_name))};
}

// Looked for first: a DELETE would lock the rows that it comes by, which other sinks write.
Status MysqlTarget::forget_letters() {
  const std::string progress = quoted_table(options_.progress_name);
  const auto old = query(
      fmt::format("SELECT place FROM {} WHERE place NOT LIKE '%/' AND changed < now() - INTERVAL "
                  "30 DAY LIMIT {}",
                  progress, kForgotten));
  if (!old) return std::unexpected(old.error());
  if (old->empty()) return {};
  std::string places;
  for (const auto& row : *old)
    places += (places.empty() ? "" : ",") + write_text(text_or_none(row[0]));
  return execute(fmt::format("DELETE FROM {} WHERE place IN ({})", progress, places));
}

Result<database::Progress> MysqlTarget::begin(const std::string& place, bool careful) {
  careful_ = careful;
  const std::string progress = quoted_table(options_.progress_name);
  const std::string at = write_text(place);
  if (std::exchange(open_, true))
    if (auto back = query("ROLLBACK"); !back) return std::unexpected(back.error());
  const std::array statements{
      std::string("START TRANSACTION"),
      fmt::format("INSERT INTO {} (place, moved, settled, written) VALUES ({}, 0, 0, '0') ON "
                  "DUPLICATE KEY UPDATE place = place",
                  progress, at)};
  for (const std::string& statement : statements)
    if (auto done = query(statement); !done) return std::unexpected(done.error());
  const auto rows = query(fmt::format(
      "SELECT moved, settled, written FROM {} WHERE place = {} FOR UPDATE", progress, at));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty())
    return fail(ErrorKind::unavailable, "E7246", "the progress of {} was deleted meanwhile", place);
  const auto& row = rows->front();
  return database::Progress{number<std::int64_t>(text_or_none(row[0])),
                            number<std::int64_t>(text_or_none(row[1])), text_or_none(row[2])};
}

Result<std::optional<Error>> MysqlTarget::run(const database::Statement& statement) {
  const auto refused = [&](const std::string& why, const std::string& state) {
    return Error{ErrorKind::invalid, "E7244",
                 fmt::format("{} refuses the row: {} (SQLSTATE {})", options_.name.text(),
                             shortened(why, kShownRefusal), state)};
  };
  if (statement.remove)
    if (const auto why = no_number(table_, statement)) return refused(*why, "22018");
  const std::vector<std::string> all = write_sql(options_, table_, statement, most_);
  if (all.empty())
    return refused(fmt::format("a row is larger than max_allowed_packet ({} bytes)", most_),
                   "08S01");
  if (careful_)
    if (auto kept = query("SAVEPOINT of_row"); !kept) return std::unexpected(kept.error());
  for (const std::string& sql : all) {
    const auto done = session_->query(sql);
    if (done) continue;
    const std::string state = session_->sqlstate(), why = session_->refusal();
    const bool of_row =
        done.error().kind == ErrorKind::invalid && is_of_row(session_->error_number(), state);
    if (!of_row) return error(done.error());
    if (careful_)
      if (auto back = query("ROLLBACK TO SAVEPOINT of_row"); !back)
        return std::unexpected(back.error());
    return refused(why, state);
  }
  return std::nullopt;
}

Status MysqlTarget::end(const std::string& place,
                        const std::optional<database::Progress>& progress) {
  if (progress) {
    const auto kept = query(fmt::format(
        "UPDATE {} SET moved = {}, settled = {}, written = {}, changed = now() WHERE place = {}",
        quoted_table(options_.progress_name), progress->moved, progress->settled,
        write_text(progress->written), write_text(place)));
    if (!kept) return std::unexpected(kept.error());
  }
  open_ = false;
  const auto done = query(progress ? "COMMIT" : "ROLLBACK");
  return done ? Status{} : std::unexpected(done.error());
}

}  // namespace pelton::mysql
