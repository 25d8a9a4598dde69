// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/postgres_target.h"

#include "connectors/postgres/write_sql.h"
#include "engine/base/utf8.h"

#include <charconv>

namespace pelton::postgres {
namespace {

using database::ColumnForm;
using database::TargetTable;
using std::chrono::milliseconds;

// Beyond the time after which the server itself gives up a statement.
constexpr milliseconds kGrace{2'000};
constexpr std::size_t kShownRefusal = 1'000;
constexpr std::string_view kReadOnly = "25006";

ColumnForm form_of(std::string_view category, std::string_view type) {
  if (type == "json" || type == "jsonb") return ColumnForm::json;
  if (type == "bytea") return ColumnForm::bytes;
  if (category == "A") return ColumnForm::array;
  return category == "N" ? ColumnForm::number : ColumnForm::text;
}

// Columns that are not computed, in their order; what a domain is based on decides.
constexpr const char* kColumns = R"(
SELECT a.attname, format_type(a.atttypid, -1), a.attidentity, t.typcategory, t.typname,
       e.typcategory, e.typname
FROM pg_attribute a
CROSS JOIN LATERAL (
  WITH RECURSIVE up AS (
    SELECT o.* FROM pg_type o WHERE o.oid = a.atttypid
    UNION ALL SELECT o.* FROM up JOIN pg_type o ON o.oid = up.typbasetype)
  SELECT * FROM up WHERE typbasetype = 0) t
LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum)";

constexpr const char* kKey = R"(
SELECT a.attname FROM pg_index i
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
WHERE i.indrelid = {} AND i.indisprimary ORDER BY k.place)";

std::string text(const std::optional<std::string>& value) {
  return value.value_or("");
}

std::int64_t number(const std::string& text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

milliseconds longest(const database::SinkOptions& options) {
  return std::chrono::ceil<milliseconds>(options.timeout);
}

}  // namespace

Result<Rows> PostgresTarget::query(const std::string& sql) {
  auto rows = session_->query(sql, longest(options_) + kGrace);
  if (!rows) return error(std::move(rows).error());
  return rows;
}

std::unexpected<Error> PostgresTarget::error(Error error) const {
  const bool in_the_way = session_->state().starts_with("40") || session_->state() == "55P03";
  if (in_the_way && error.code == "E7093") {
    error.kind = ErrorKind::unavailable;
    error.code = "E7246";
  }
  if (session_->state() == kReadOnly && error.code == "E7093") {
    error.kind = ErrorKind::unavailable;
    error.code = "E7249";
  }
  return std::unexpected(std::move(error));
}

Status PostgresTarget::log_in() {
  auto session = Session::open_writer(options_.url, longest(options_), hurry_);
  if (!session) return std::unexpected(std::move(session).error());
  session_.emplace(std::move(*session));
  return {};
}

// Its OID.
Result<std::optional<PostgresTarget::Found>> PostgresTarget::find_table(
    const database::TableName& name) {
  const auto rows = query(fmt::format(
      "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname "
      "= {} AND c.relname = {} AND c.relkind IN ('r', 'p', 'v', 'f')",
      quoted_text(name.schema), quoted_text(name.table)));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return std::nullopt;
  return Found{text(rows->front()[0]), ""};
}

Result<TargetTable> PostgresTarget::read_columns(const Found& found) {
  const auto columns = query(fmt::format(fmt::runtime(kColumns), found.id));
  if (!columns) return std::unexpected(columns.error());
  const auto key = query(fmt::format(fmt::runtime(kKey), found.id));
  if (!key) return std::unexpected(key.error());
  TargetTable out;
  for (const auto& row : *columns)
    out.columns.push_back({text(row[0]), text(row[1]), form_of(text(row[3]), text(row[4])),
                           form_of(text(row[5]), text(row[6])), text(row[2]) == "a"});
  for (const auto& row : *key) out.key.push_back(text(row[0]));
  return out;
}

Status PostgresTarget::execute(const std::string& sql) {
  const auto done = query(sql);
  return done ? Status{} : std::unexpected(done.error());
}

PostgresTarget::Common PostgresTarget::common() const {
  return {create_sql(options_),
          fmt::format("CREATE TABLE IF NOT EXISTS {} (place text PRIMARY KEY, moved bigint NOT "
                      "NULL, settled bigint NOT NULL, written text NOT NULL, changed timestamptz "
                      "NOT NULL DEFAULT now())",
                      quoted_table(options_.progress_name))};
}

Status PostgresTarget::forget_letters() {
  return execute(
      fmt::format("DELETE FROM {} WHERE place NOT LIKE '%/' AND changed < now() - interval "
                  "'30 days'",
                  quoted_table(options_.progress_name)));
}

Result<database::Progress> PostgresTarget::begin(const std::string& place, bool careful) {
  careful_ = careful;
  const std::string progress = quoted_table(options_.progress_name);
  const std::string at = quoted_text(place);
  // Constraints that are deferred would be checked at the end, when it is too late to tell the row.
  const auto rows = query(fmt::format(
      "{}BEGIN; SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO {} (place, moved, settled, written) "
      "VALUES ({}, 0, 0, '0') ON CONFLICT DO NOTHING; SELECT moved, settled, written FROM {} WHERE "
      "place = {} FOR UPDATE{}",
      session_->in_transaction() ? "ROLLBACK; " : "", progress, at, progress, at,
      careful ? "; SAVEPOINT row" : ""));
  if (!rows) return std::unexpected(rows.error());
  for (const auto& row : *rows)
    if (row.size() == 3)
      return database::Progress{number(text(row[0])), number(text(row[1])), text(row[2])};
  return fail(ErrorKind::unavailable, "E7246", "the progress of {} was deleted meanwhile", place);
}

Result<std::optional<Error>> PostgresTarget::run(const database::Statement& statement) {
  std::vector<std::string> arrays;
  for (const std::size_t column : statement.columns)
    arrays.push_back(array_of(table_, statement, column));
  const Status done =
      session_->run(write_sql(options_, table_, statement), arrays, longest(options_) + kGrace);
  if (done) {
    if (!careful_) return std::nullopt;
    const auto kept = query("RELEASE SAVEPOINT row; SAVEPOINT row");
    return kept ? Result<std::optional<Error>>(std::nullopt) : std::unexpected(kept.error());
  }
  const std::string state = session_->state();
  const bool of_row =
      done.error().kind == ErrorKind::invalid && is_of_row(state, session_->refused_by());
  if (!of_row) return error(done.error());
  Error refused{ErrorKind::invalid, "E7244",
                fmt::format("{} refuses the row: {} (SQLSTATE {})", options_.name.text(),
                            shortened(session_->refusal(), kShownRefusal), state)};
  if (careful_)
    if (auto back = query("ROLLBACK TO SAVEPOINT row"); !back) return std::unexpected(back.error());
  return refused;
}

Status PostgresTarget::end(const std::string& place,
                           const std::optional<database::Progress>& progress) {
  const auto done =
      progress ? query(fmt::format(
                     "UPDATE {} SET moved = {}, settled = {}, written = {}, changed = "
                     "now() WHERE place = {}; COMMIT",
                     quoted_table(options_.progress_name), progress->moved, progress->settled,
                     quoted_text(progress->written), quoted_text(place)))
               : query("ROLLBACK");
  return done ? Status{} : std::unexpected(done.error());
}

}  // namespace pelton::postgres
