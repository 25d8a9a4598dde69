// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/change_stream.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace pelton::mysql {
namespace {

using database::ChangeKind;
using State = WireValue::State;

constexpr std::size_t kMostTables = 4096;  // whose descriptions are kept
constexpr std::uint64_t kAllStored = std::numeric_limits<std::uint64_t>::max();

bool starts_with(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::ranges::equal(text.substr(0, word.size()), word, {}, [](char c) {
           return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
         });
}

}  // namespace

ChangeStream::ChangeStream(Setup setup, Catalog& catalog)
    : tombstones_(setup.tombstones),
      decimals_(setup.envelope.decimals),
      catalog_(catalog),
      ddl_(std::move(setup.ddl), catalog),
      writer_(std::move(setup.envelope)) {}

void ChangeStream::begin(const Position& stored, Schema schema) {
  reader_.reset();
  tables_.clear();
  reading_.parts.clear();
  reading_.next = 0;
  transaction_.open = false;
  position_ = stored;
  file_.reset();
  schema_ = std::move(schema);
  if (const auto* place = std::get_if<LogPlace>(&stored.reached)) place_.log = *place;
  writer_.set_history(stored.history);
}

std::vector<std::string> ChangeStream::take_warnings() {
  return std::exchange(warnings_, {});
}

Status ChangeStream::take(std::string_view event) {
  reading_.parts.clear();
  reading_.next = 0;
  std::string_view body;
  const auto header = reader_.open(event, body);
  Status taken = header ? take_event(*header, body) : Status{std::unexpected(header.error())};
  if (!taken && taken.error().code.starts_with("E723"))
    taken.error().message += fmt::format(" (near {} of the log)", text_of(place_.log));
  return taken;
}

Status ChangeStream::take_event(const EventHeader& header, std::string_view body) {
  follow_place(header);
  switch (header.type) {
    case EventType::format_description:
      if (auto good = reader_.format(body); !good) return good;
      return enter_file(header);
    case EventType::rotate: {
      const auto rotate = decode_rotate(body);
      if (!rotate) return std::unexpected(rotate.error());
      place_.log = {std::string(rotate->file), rotate->position};
      if (!transaction_.open && std::holds_alternative<LogPlace>(position_.reached))
        position_.reached = place_.log;
      return {};
    }
    case EventType::maria_gtid:
    case EventType::mysql_gtid:
    case EventType::anonymous_gtid:
      return take_gtid(header, body);
    case EventType::query:
      return take_statement(header, body);
    case EventType::query_compressed:
      if (auto good = uncompress_query(body, scratch_.plain); !good) return good;
      return take_statement(header, scratch_.plain);
    case EventType::xid:
    case EventType::xa_prepare:
      end_transaction();
      return {};
    case EventType::table_map:
      return take_table(body);
    case EventType::incident:
      return fail(ErrorKind::invalid, "E7233",
                  "the server has lost changes itself and says so in its log");
    case EventType::tagged_gtid:
      return fail(ErrorKind::invalid, "E7233", "the server numbers transactions with tags");
    case EventType::transaction_payload:
      return fail(ErrorKind::invalid, "E7233",
                  "a transaction is compressed (binlog_transaction_compression)");
    default:
      return RowsReader::is_rows(header.type) ? take_rows(header.type, body) : Status{};
  }
}

// The first one of a connection has, or is behind, what was read before.
Status ChangeStream::enter_file(const EventHeader& header) {
  const bool first = !file_;
  file_ = {header.server_id, place_.log.file, header.time_s};
  if (!first) return {};
  if (position_.file && starts_over(*position_.file, *file_))
    return fail(ErrorKind::invalid, "E7227",
                "the server's log has started over: {} was read up to {}, and now {} follows",
                position_.file->name, text_of(position_.reached), file_->name);
  position_.file = file_;
  return {};
}

// The header has 32 bits of the place behind the event; a file can be larger.
void ChangeStream::follow_place(const EventHeader& header) {
  if (header.next_position == 0) return;
  constexpr std::uint64_t kLap = std::uint64_t{1} << 32U;
  std::uint64_t offset = place_.log.offset / kLap * kLap + header.next_position;
  if (offset < place_.log.offset && place_.log.offset - offset > kLap / 2) offset += kLap;
  place_.log.offset = offset;
}

Status ChangeStream::take_gtid(const EventHeader& header, std::string_view body) {
  transaction_.gtid = {};
  place_.gtid.clear();
  place_.time_us = std::int64_t{header.time_s} * 1'000'000;
  place_.server_id = header.server_id;
  bool begun = false;
  if (header.type == EventType::maria_gtid) {
    const auto gtid = decode_maria_gtid(body, header.server_id);
    if (!gtid) return std::unexpected(gtid.error());
    transaction_.gtid = gtid->gtid;
    place_.gtid = text_of(gtid->gtid);
    begun = !gtid->standalone;
    if (gtid->prepared && !std::exchange(warned_of_xa_, true))
      warnings_.push_back(fmt::format(
          "E7234: transaction {} was prepared with XA PREPARE: its changes are given now, also "
          "if it is rolled back later",
          place_.gtid));
  } else if (header.type == EventType::mysql_gtid) {
    const auto gtid = decode_mysql_gtid(body);
    if (!gtid) return std::unexpected(gtid.error());
    transaction_.gtid = gtid->gtid;
    place_.gtid = text_of(gtid->gtid);
    if (gtid->commit_us != 0) place_.time_us = gtid->commit_us;
  }
  begin_transaction(header, begun);
  return {};
}

void ChangeStream::begin_transaction(const EventHeader& header, bool begun) {
  transaction_.open = true;
  transaction_.begun = begun;
  transaction_.index = transaction_.stored = 0;
  if (std::holds_alternative<LogPlace>(position_.reached))
    transaction_.text = text_of(LogPlace{place_.log.file, place_.log.offset - header.size});
  else
    transaction_.text = place_.gtid;
  place_.id = transaction_.text;
  if (transaction_.text == position_.transaction)
    transaction_.stored = position_.events;
  else
    skip_if_reached();
}

// What was asked for begins behind them, but a server may send more. MariaDB's numbers do not say
// it: unless gtid_strict_mode is on, a lower one of another server can come later.
void ChangeStream::skip_if_reached() {
  const auto* mysql = std::get_if<MysqlGtidSet>(&position_.reached);
  const bool reached = (mysql != nullptr && std::holds_alternative<MysqlGtid>(transaction_.gtid) &&
                        mysql->contains(std::get<MysqlGtid>(transaction_.gtid)));
  if (reached) transaction_.stored = kAllStored;
}

void ChangeStream::end_transaction() {
  transaction_.open = false;
  const bool reached = transaction_.stored == kAllStored;
  transaction_.stored = 0;
  if (reached) return;
  if (auto* maria = std::get_if<MariaGtidSet>(&position_.reached)) {
    if (const auto* gtid = std::get_if<MariaGtid>(&transaction_.gtid)) maria->add(*gtid);
  } else if (auto* mysql = std::get_if<MysqlGtidSet>(&position_.reached)) {
    if (const auto* gtid = std::get_if<MysqlGtid>(&transaction_.gtid)) mysql->add(*gtid);
  } else {
    position_.reached = place_.log;
  }
  position_.file = file_;
  position_.transaction.clear();
  position_.events = 0;
}

Status ChangeStream::take_statement(const EventHeader& header, std::string_view body) {
  const auto query = decode_query(body);
  if (!query) return std::unexpected(query.error());
  const std::string_view text = query->statement;
  if (text == "BEGIN" || starts_with(text, "XA START")) {
    // A server without numbers of transactions.
    if (!transaction_.open) {
      transaction_.gtid = {};
      place_.gtid.clear();
      place_.time_us = std::int64_t{header.time_s} * 1'000'000;
      place_.server_id = header.server_id;
      begin_transaction(header, true);
    }
    transaction_.begun = true;
    return {};
  }
  if (text == "COMMIT" || text == "ROLLBACK") {
    end_transaction();
    return {};
  }
  if (auto followed = follow_statement(*query); !followed) return followed;
  // MySQL's CREATE TABLE ... SELECT has rows behind it.
  if (transaction_.begun || text.ends_with("START TRANSACTION"))
    transaction_.begun = true;
  else if (!waiting())
    end_transaction();
  return {};
}

Result<Statement> ChangeStream::readable(const QueryEvent& query, std::string& text) {
  Statement out{query.statement, std::string(query.database), query.sql_mode};
  if (query.client_collation == 0) return out;
  const auto charset = catalog_.charset_of(query.client_collation);
  if (!charset) return std::unexpected(charset.error());
  out.text = Charset(*charset).to_utf8(query.statement, text);
  return out;
}

Status ChangeStream::follow_statement(const QueryEvent& query) {
  std::string text;
  const auto statement = readable(query, text);
  if (!statement) return std::unexpected(statement.error());
  // One that is stored was followed, and what it made is in the stored schema.
  if (transaction_.stored == kAllStored) return {};
  const auto effect = ddl_.follow(*statement, schema_);
  if (!effect) return std::unexpected(effect.error());
  tables_.clear();
  if (effect->changes_rows)
    return fail(ErrorKind::invalid, "E7230",
                "rows of a table were changed by a statement that is not logged by rows: {}",
                statement->text.substr(0, 200));
  if (!effect->truncated.empty()) take_truncate(effect->truncated.front());
  return {};
}

void ChangeStream::take_truncate(const TableName& name) {
  reading_.truncated = {};
  reading_.truncated.schema = name.database;
  reading_.truncated.table = name.table;
  reading_.truncated.full_name = name.text();
  reading_.table = &reading_.truncated;
  if (transaction_.index < transaction_.stored)
    ++transaction_.index;
  else
    reading_.parts.push_back({ChangeKind::truncate, nullptr, nullptr});
}

Status ChangeStream::take_table(std::string_view body) {
  CachedTable& cached = tables_[table_id(body)];
  if (cached.description == body) return {};
  const auto map = decode_table_map(body);
  if (!map) return std::unexpected(map.error());
  if (tables_.size() > kMostTables) tables_.clear();
  CachedTable fresh;
  fresh.description = body;
  if (auto described = describe(*map, fresh); !described) {
    tables_.clear();
    return described;
  }
  tables_[map->id] = std::move(fresh);
  return {};
}

Status ChangeStream::describe(const TableMap& map, CachedTable& out) {
  const TableName name{map.database, map.table};
  if (!ddl_.wanted(name)) return {};
  const auto definition = find_definition(name, map);
  if (!definition) return std::unexpected(definition.error());
  if (is_sequence(*definition)) return {};
  out.columns = map.columns;
  out.table = std::make_unique<LoggedTable>(table_of(name, *definition, map.columns));
  return {};
}

Result<TableDefinition> ChangeStream::find_definition(const TableName& name, const TableMap& map) {
  const TableDefinition* const known = schema_.find(name);
  if (map.names) {
    auto logged = definition_of(map, catalog_);
    // The log does not tell JSON, UUID and the like from texts and bytes.
    if (logged && known != nullptr && same_names(*known, *map.names) && fits(*known, map.columns))
      adopt_special_types(*logged, *known, map.columns);
    return logged;
  }
  if (known != nullptr && fits(*known, map.columns)) return *known;
  auto now = catalog_.table(name);
  if (!now) return std::unexpected(std::move(now).error());
  if (!*now || !fits(**now, map.columns))
    return fail(ErrorKind::invalid, "E7231",
                "what the columns of table {} were when a row was changed is not known",
                name.text());
  schema_.put(name, **now);
  return std::move(**now);
}

Status ChangeStream::take_rows(EventType type, std::string_view body) {
  const auto found = tables_.find(RowsReader::table_of(body));
  if (found == tables_.end())
    return fail(ErrorKind::corrupt, "E7232",
                "the server sent rows and did not describe their table before");
  if (found->second.table == nullptr || transaction_.stored == kAllStored) return {};
  reading_.table = found->second.table.get();
  if (auto begun = reading_.rows.begin(type, body, found->second.columns, scratch_.plain); !begun)
    return begun;
  return load_row();
}

// The next row of which an event has not been stored.
Status ChangeStream::load_row() {
  while (!waiting() && reading_.rows.more()) {
    reading_.parts.clear();
    reading_.next = 0;
    if (auto read = reading_.rows.next(reading_.row); !read) return read;
    switch (reading_.rows.kind()) {
      case RowsReader::Kind::insert:
        add({ChangeKind::create, nullptr, &reading_.row.after});
        break;
      case RowsReader::Kind::update:
        split_update();
        break;
      case RowsReader::Kind::remove:
        add({ChangeKind::remove, &reading_.row.before, nullptr});
        break;
    }
    for (; waiting() && transaction_.index < transaction_.stored; ++transaction_.index)
      ++reading_.next;
  }
  return {};
}

// A row whose key changes ends under the old key and begins under the new one: so that the changes
// of a key are in order.
void ChangeStream::split_update() {
  fill_from_before();
  if (key_changed()) {
    add({ChangeKind::remove, &reading_.row.before, nullptr});
    add({ChangeKind::create, nullptr, &reading_.row.after});
  } else {
    add({ChangeKind::update, &reading_.row.before, &reading_.row.after});
  }
}

// What an image leaves out is as it was before, if that is known.
void ChangeStream::fill_from_before() {
  for (std::size_t i = 0; i < reading_.row.after.size() && i < reading_.row.before.size(); ++i)
    if (reading_.row.after[i].state == State::absent)
      reading_.row.after[i] = reading_.row.before[i];
}

bool ChangeStream::key_changed() const {
  return std::ranges::any_of(reading_.table->key, [&](std::size_t i) {
    return reading_.row.before[i].state == State::value &&
           reading_.row.after[i].state == State::value &&
           reading_.row.before[i].bytes != reading_.row.after[i].bytes;
  });
}

void ChangeStream::add(Part part) {
  reading_.parts.push_back(part);
  if (part.kind != ChangeKind::remove || !tombstones_ || reading_.table->key.empty()) return;
  part.kind = ChangeKind::tombstone;
  reading_.parts.push_back(part);
}

Status ChangeStream::give(model::BatchBuilder& into) {
  const Part& part = reading_.parts[reading_.next++];
  static const WireRow kNone;
  const LoggedRow before(*reading_.table, part.before == nullptr ? kNone : *part.before, decimals_,
                         scratch_.before);
  const LoggedRow after(*reading_.table, part.after == nullptr ? kNone : *part.after, decimals_,
                        scratch_.after);
  writer_.write({part.kind, reading_.table, part.before == nullptr ? nullptr : &before, false,
                 part.after == nullptr ? nullptr : &after, transaction_.index, place_.time_us},
                place_, into);
  if (position_.events == 0 || position_.transaction != transaction_.text)
    position_.transaction = transaction_.text;
  position_.events = ++transaction_.index;
  if (waiting()) return {};
  if (part.kind != ChangeKind::truncate) return load_row();
  if (!transaction_.begun) end_transaction();
  return {};
}

}  // namespace pelton::mysql
