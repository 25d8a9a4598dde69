// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/relations.h"
#include "connectors/postgres/values.h"
#include "engine/model/batch_builder.h"

#include <cstdint>
#include <string>

namespace pelton::postgres {

enum class Envelope : std::uint8_t {
  flat,      // the row; what happened to it is in the headers
  debezium,  // before, after, source, op, ts_ms
};

// Value. One change of one row (or one truncated table), as it becomes an event.
struct Change {
  enum class Kind : std::uint8_t { create, update, remove, truncate, read, tombstone };
  Kind kind = Kind::create;
  const Relation* relation = nullptr;
  const Row* before = nullptr;  // null: not known
  bool before_is_key = false;   // only the columns of the replica identity are
  const Row* after = nullptr;   // null: there is no row any more
};

// Value. Where a change is: of the n-th event of the transaction that commits there.
struct ChangePlace {
  Lsn commit = 0;
  std::uint64_t index = 0;
  std::int64_t time_us = 0;
  std::uint32_t xid = 0;
};

// Writes changes as events; docs/databases.md says what they look like. Its buffers are used again
// from event to event.
class EnvelopeWriter {
 public:
  struct Setup {
    std::string connector;
    std::string database;
    Envelope envelope = Envelope::flat;
    Decimals decimals = Decimals::text;
  };
  explicit EnvelopeWriter(Setup setup);

  // What ids begin with: "<system identifier>/<timeline>".
  void set_history(std::string history) { history_ = std::move(history); }
  // What envelopes give as the time of writing.
  void set_now(std::int64_t now_us) { now_us_ = now_us; }
  void write(const Change& change, const ChangePlace& place, model::BatchBuilder& into);

 private:
  void write_flat(const Change& change);
  void write_debezium(const Change& change, const ChangePlace& place);
  void append_row(const Relation& relation, const Row& row, bool key_only);
  void make_key(const Change& change);
  void make_id(const Change& change, const ChangePlace& place);
  void list_unchanged(const Change& change);
  void name_place(const Change& change, const ChangePlace& place);

  const Setup setup_;
  const std::string source_;  // the events' attribute
  std::string source_start_;  // of the member `source`, up to the table
  std::string history_;
  std::int64_t now_us_ = 0;
  model::EventView event_;
  std::string data_, key_, id_, lsn_, xid_, index_, unchanged_;
};

}  // namespace pelton::postgres
