// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/envelope.h"

#include "connectors/postgres/json_text.h"

#include <fmt/format.h>

#include <iterator>

namespace pelton::postgres {
namespace {

// What Debezium writes for a value that the server did not send.
constexpr const char* kUnavailable = R"("__debezium_unavailable_value")";

struct Words {
  const char* op;
  const char* type;
};

Words words_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::create:
      return {"c", "pelton.postgres.insert"};
    case Change::Kind::update:
      return {"u", "pelton.postgres.update"};
    case Change::Kind::remove:
      return {"d", "pelton.postgres.delete"};
    case Change::Kind::truncate:
      return {"t", "pelton.postgres.truncate"};
    case Change::Kind::read:
      return {"r", "pelton.postgres.read"};
    case Change::Kind::tombstone:
      return {"d", "pelton.postgres.tombstone"};
  }
  return {"", ""};
}

}  // namespace

EnvelopeWriter::EnvelopeWriter(Setup setup)
    : setup_(std::move(setup)), source_("postgres:" + setup_.connector) {
  source_start_ = R"({"connector":"postgresql","name":)";
  append_quoted(source_start_, setup_.connector);
  source_start_ += R"(,"db":)";
  append_quoted(source_start_, setup_.database);
}

void EnvelopeWriter::write(const Change& change, const ChangePlace& place,
                           model::BatchBuilder& into) {
  data_.clear();
  unchanged_.clear();
  const bool tombstone = change.kind == Change::Kind::tombstone;
  if (!tombstone && setup_.envelope == Envelope::flat) write_flat(change);
  if (!tombstone && setup_.envelope == Envelope::debezium) write_debezium(change, place);
  make_key(change);
  make_id(change, place);
  list_unchanged(change);
  name_place(change, place);
  event_.id = id_;
  event_.source = source_;
  event_.type = words_of(change.kind).type;
  event_.subject = change.relation->full_name;
  event_.content_type = "application/json";
  event_.key = key_;
  event_.has_key = true;
  event_.data = data_;
  event_.has_data = !tombstone;
  event_.time_us = place.time_us;
  into.add(event_);
}

// In the headers.
void EnvelopeWriter::name_place(const Change& change, const ChangePlace& place) {
  lsn_ = lsn_text(place.commit);
  event_.headers.clear();
  event_.headers.push_back({"schema", change.relation->schema});
  event_.headers.push_back({"table", change.relation->table});
  event_.headers.push_back({"op", words_of(change.kind).op});
  event_.headers.push_back({"lsn", lsn_});
  if (change.kind != Change::Kind::read) {
    xid_.clear();
    index_.clear();
    fmt::format_to(std::back_inserter(xid_), "{}", place.xid);
    fmt::format_to(std::back_inserter(index_), "{}", place.index);
    event_.headers.push_back({"xid", xid_});
    event_.headers.push_back({"index", index_});
  }
  if (!unchanged_.empty()) event_.headers.push_back({"unchanged", unchanged_});
}

void EnvelopeWriter::write_flat(const Change& change) {
  const Row* row = change.after != nullptr ? change.after : change.before;
  if (row != nullptr)
    append_row(*change.relation, *row, change.after == nullptr && change.before_is_key);
  else
    data_ += "{}";
}

void EnvelopeWriter::write_debezium(const Change& change, const ChangePlace& place) {
  const auto member = [&](const char* name, const Row* row, bool key_only) {
    data_ += name;
    if (row != nullptr)
      append_row(*change.relation, *row, key_only);
    else
      data_ += "null";
  };
  member(R"({"before":)", change.before, change.before_is_key);
  member(R"(,"after":)", change.after, false);
  data_ += R"(,"source":)";
  data_ += source_start_;
  data_ += R"(,"schema":)";
  append_quoted(data_, change.relation->schema);
  data_ += R"(,"table":)";
  append_quoted(data_, change.relation->table);
  const bool snapshot = change.kind == Change::Kind::read;
  fmt::format_to(std::back_inserter(data_),
                 R"(,"snapshot":"{}","txId":{},"lsn":{},"ts_ms":{}}},"op":"{}","ts_ms":{}}})",
                 snapshot, snapshot ? "null" : fmt::to_string(place.xid), place.commit,
                 place.time_us / 1000, words_of(change.kind).op, now_us_ / 1000);
}

// A value that was not sent is left out, or marked: never null.
void EnvelopeWriter::append_row(const Relation& relation, const Row& row, bool key_only) {
  char before = '{';
  for (std::size_t i = 0; i < row.size() && i < relation.columns.size(); ++i) {
    const Relation::Column& column = relation.columns[i];
    const bool absent = row[i].kind == Field::Kind::unchanged;
    if ((key_only && !column.identity) || (absent && setup_.envelope == Envelope::flat)) continue;
    data_ += std::exchange(before, ',');
    data_ += column.label;
    if (absent)
      data_ += kUnavailable;
    else if (row[i].kind == Field::Kind::null)
      data_ += "null";
    else
      append_value(data_, row[i].text, *column.type, setup_.decimals);
  }
  if (before == '{') data_ += '{';
  data_ += '}';
}

// Of a table without a key: the table's name, so that its changes stay in order.
void EnvelopeWriter::make_key(const Change& change) {
  const Relation& relation = *change.relation;
  const Row* row = change.after != nullptr ? change.after : change.before;
  key_.clear();
  if (relation.key.empty() || row == nullptr || row->size() < relation.columns.size()) {
    key_ = relation.full_name;
    return;
  }
  const bool named = setup_.envelope == Envelope::debezium;
  if (!named && relation.key.size() == 1) {
    key_ = (*row)[relation.key.front()].text;
    return;
  }
  char before = named ? '{' : '[';
  for (const std::size_t i : relation.key) {
    key_ += std::exchange(before, ',');
    if (named) key_ += relation.columns[i].label;
    if ((*row)[i].kind == Field::Kind::text)
      append_value(key_, (*row)[i].text, *relation.columns[i].type, setup_.decimals);
    else
      key_ += "null";
  }
  key_ += named ? '}' : ']';
}

void EnvelopeWriter::make_id(const Change& change, const ChangePlace& place) {
  id_.clear();
  fmt::format_to(std::back_inserter(id_), "{}/{:016X}/", history_, place.commit);
  if (change.kind != Change::Kind::read) {
    fmt::format_to(std::back_inserter(id_), "{}", place.index);
    return;
  }
  id_ += change.relation->full_name;
  id_ += '/';
  if (change.relation->key.empty())
    // The rows of another transaction may have another order.
    fmt::format_to(std::back_inserter(id_), "{}-{}", place.time_us, place.index);
  else
    id_ += key_;
}

void EnvelopeWriter::list_unchanged(const Change& change) {
  if (change.after == nullptr) return;
  for (std::size_t i = 0; i < change.after->size() && i < change.relation->columns.size(); ++i) {
    if ((*change.after)[i].kind != Field::Kind::unchanged) continue;
    unchanged_ += unchanged_.empty() ? '[' : ',';
    append_quoted(unchanged_, change.relation->columns[i].name);
  }
  if (!unchanged_.empty()) unchanged_ += ']';
}

}  // namespace pelton::postgres
