// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/binlog_event.h"
#include "connectors/mysql/ddl.h"
#include "connectors/mysql/envelope.h"
#include "connectors/mysql/logged_table.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/rows_event.h"
#include "engine/model/batch_builder.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pelton::mysql {

// Makes events of the messages of one log, and knows the position behind each of them: what a
// restart at that position gives begins with the next event. Keeps one message at a time, however
// large its transaction is. Pure but for the catalog; one thread.
//
//   stream.begin(stored, schema);
//   if (auto taken = stream.take(bytes); !taken) return taken;
//   while (stream.waiting() && room) if (auto given = stream.give(builder); !given) return given;
class ChangeStream {
 public:
  struct Setup {
    EnvelopeWriter::Setup envelope;
    DdlFollower::Setup ddl;
    bool tombstones = false;  // one behind each delete
  };
  ChangeStream(Setup setup, Catalog& catalog);

  // A new connection, which sends what comes behind this position.
  void begin(const Position& stored, Schema schema);
  // The next event of the log, once nothing of the one before waits. Its bytes must stay until
  // nothing waits any more. Errors are the catalog's and
  //   E7227 invalid  the log has started over since the position was stored
  //   E7230 invalid  rows were changed by a statement that was logged as such
  //   E7231 invalid  the definition of a table at this place is not known
  //   E7232 corrupt  an event cannot be read
  //   E7233 invalid  it is of a kind that is not read
  Status take(std::string_view event);
  // An event of the message has not been given.
  bool waiting() const { return reading_.next < reading_.parts.size(); }
  // Gives that event.
  Status give(model::BatchBuilder& into);

  // Behind the newest event that was given.
  const Position& position() const { return position_; }
  const Schema& schema() const { return schema_; }
  bool in_transaction() const { return transaction_.open; }
  // When the newest transaction was made, by the server's clock; 0: none came yet.
  std::int64_t time_us() const { return place_.time_us; }
  // Where in which file of the log reading is.
  const LogPlace& log_place() const { return place_.log; }
  // A snapshot's rows are written as changes are.
  EnvelopeWriter& writer() { return writer_; }
  std::vector<std::string> take_warnings();

 private:
  // What a row becomes.
  struct Part {
    database::ChangeKind kind{};
    const WireRow* before = nullptr;
    const WireRow* after = nullptr;
  };
  // That is being read.
  struct Transaction {
    bool open = false;
    bool begun = false;        // by more than its number: a commit ends it
    std::uint64_t stored = 0;  // so many of its events are stored
    std::uint64_t index = 0;   // of its next event
    std::string text;          // its number or place
    std::variant<std::monostate, MariaGtid, MysqlGtid> gtid;
  };
  // The event of the log that is being given: its rows, what the newest of them becomes, and the
  // next event of that.
  struct Reading {
    RowsReader rows;
    RowPair row;
    std::vector<Part> parts;
    std::size_t next = 0;
    const LoggedTable* table = nullptr;
    LoggedTable truncated;  // when it is a TRUNCATE
  };
  // Buffers that are used again.
  struct Scratch {
    std::string plain;  // an event that came compressed
    std::string before, after;
  };
  struct CachedTable {
    std::string description;             // the event that describes it
    std::unique_ptr<LoggedTable> table;  // null: it is not wanted
    std::vector<WireColumn> columns;
  };

  Status take_event(const EventHeader& header, std::string_view body);
  void follow_place(const EventHeader& header);
  Status enter_file(const EventHeader& header);
  Status take_gtid(const EventHeader& header, std::string_view body);
  void begin_transaction(const EventHeader& header, bool begun);
  void skip_if_reached();
  void end_transaction();
  Status take_statement(const EventHeader& header, std::string_view body);
  Status follow_statement(const QueryEvent& query);
  Result<Statement> readable(const QueryEvent& query, std::string& text);
  Status take_table(std::string_view body);
  Status describe(const TableMap& map, CachedTable& out);
  Result<TableDefinition> find_definition(const TableName& name, const TableMap& map);
  void take_truncate(const TableName& name);
  Status take_rows(EventType type, std::string_view body);
  Status load_row();
  void split_update();
  void fill_from_before();
  bool key_changed() const;
  void add(Part part);

  const bool tombstones_;
  const Decimals decimals_;
  Catalog& catalog_;
  DdlFollower ddl_;
  EnvelopeWriter writer_;
  EventReader reader_;
  std::unordered_map<std::uint64_t, CachedTable> tables_;
  Schema schema_;

  Reading reading_;
  Scratch scratch_;

  Transaction transaction_;
  bool warned_of_xa_ = false;
  ChangePlace place_;
  std::optional<LogFile> file_;  // that is being read
  Position position_;
  std::vector<std::string> warnings_;
};

}  // namespace pelton::mysql
