// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"

#include <cstdint>
#include <string>
#include <vector>

namespace pelton::database {

enum class Envelope : std::uint8_t {
  flat,      // the row; what happened to it is in the headers
  debezium,  // before, after, source, op, ts_ms
};

// What decimal values become.
enum class Decimals : std::uint8_t {
  text,    // "12.50": exact in every language
  number,  // 12.50
};

enum class ChangeKind : std::uint8_t { create, update, remove, truncate, read, tombstone };

// Value. What of a table's definition its events show.
struct Table {
  struct Column {
    std::string name;
    std::string label;      // "\"name\":"
    bool identity = false;  // an old row that is only a key has it
  };
  std::string schema, table;
  std::string full_name;  // "schema.table"
  std::vector<Column> columns;
  // The columns that make the event's key, in the table's order; empty: no key.
  std::vector<std::size_t> key;
};

// Interface. The values of one row, by the table's columns.
class RowValues {
 public:
  enum class State : std::uint8_t { value, null, absent };

  virtual ~RowValues() = default;
  virtual std::size_t size() const = 0;
  // Absent: the server has not sent it.
  virtual State state(std::size_t column) const = 0;
  // Of one with a value: as JSON, and as the text of a key that it makes alone.
  virtual void append_json(std::string& out, std::size_t column) const = 0;
  virtual void append_text(std::string& out, std::size_t column) const = 0;
};

// Value. One change of one row (or one truncated table).
struct RowChange {
  ChangeKind kind = ChangeKind::create;
  const Table* table = nullptr;
  const RowValues* before = nullptr;  // null: not known
  bool before_is_key = false;         // only the columns of the identity are
  const RowValues* after = nullptr;   // null: there is no row any more
  std::uint64_t index = 0;            // of its transaction's events, of its table's rows
  std::int64_t time_us = 0;
};

// Interface. Says where changes come from, in the words of their database.
class Origin {
 public:
  virtual ~Origin() = default;
  // What the ids of a transaction's (or a snapshot's) events begin with, up to the "/".
  virtual void append_place(std::string& out) const = 0;
  // The value of Debezium's `source`.
  virtual void append_source(std::string& out, const RowChange& change) = 0;
  // Of the place. Their texts must stay until the event has been written.
  virtual void add_headers(std::vector<model::Header>& headers, const RowChange& change) = 0;
};

// Writes changes as events; docs/databases.md says what they look like. Its buffers are used again
// from event to event.
class EventWriter {
 public:
  struct Setup {
    std::string database;  // of the connector's type, which events name: "postgres"
    std::string connector;
    Envelope envelope = Envelope::flat;
  };
  explicit EventWriter(Setup setup);

  // What envelopes give as the time of writing.
  void set_now(std::int64_t now_us) { now_us_ = now_us; }
  void write(const RowChange& change, Origin& origin, model::BatchBuilder& into);

 private:
  void write_flat(const RowChange& change);
  void write_debezium(const RowChange& change, Origin& origin);
  void append_row(const Table& table, const RowValues& row, bool key_only);
  void make_key(const RowChange& change);
  void make_id(const RowChange& change, const Origin& origin);
  void list_unchanged(const RowChange& change);
  void add_headers(const RowChange& change, Origin& origin);

  const Setup setup_;
  const std::string source_;        // the events' attribute
  std::vector<std::string> types_;  // by kind
  std::int64_t now_us_ = 0;
  model::EventView event_;
  std::string data_, key_, id_, index_, unchanged_;
};

}  // namespace pelton::database
