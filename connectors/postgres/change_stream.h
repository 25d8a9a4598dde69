// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/envelope.h"
#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/position.h"
#include "connectors/postgres/relations.h"
#include "engine/model/batch_builder.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace pelton::postgres {

// Makes events of the messages of one slot, and knows the position behind each of them: what a
// restart at that position gives begins with the next event. Keeps one message at a time, however
// large its transaction is. Pure but for the catalog; one thread.
//
//   stream.begin(stored);
//   if (auto taken = stream.take(payload); !taken) return taken;
//   while (stream.waiting() && room) stream.give(builder);
class ChangeStream {
 public:
  struct Setup {
    EnvelopeWriter::Setup envelope;
    std::vector<TablePattern> tables;  // of which events are given; empty: all
    bool tombstones = false;           // one behind each delete
  };
  ChangeStream(Setup setup, Catalog& catalog);

  // A new connection, which sends what comes behind this position.
  void begin(const Position& stored);
  // The next message, once nothing of the one before waits. Its bytes must stay until nothing waits
  // any more. E7091 corrupt; the catalog's errors.
  Status take(std::string_view payload);
  // An event of the message has not been given.
  bool waiting() const { return next_ < parts_.size(); }
  // Gives that event.
  void give(model::BatchBuilder& into);

  // Behind the newest event that was given.
  const Position& position() const { return position_; }
  bool in_transaction() const { return in_transaction_; }
  // No transaction is open, and the server has nothing that commits before `lsn`.
  void advance(Lsn lsn);
  // A snapshot's rows are written as changes are.
  EnvelopeWriter& writer() { return writer_; }

 private:
  void begin_transaction();
  void end_transaction();
  Status split();
  void split_update(const Relation& relation);
  void split_truncate();
  void fill_from_old(const Relation& relation);
  bool key_changed(const Relation& relation) const;
  void add(Change change);
  void skip_stored();

  const bool tombstones_;
  Relations relations_;
  EnvelopeWriter writer_;
  Message message_;
  // The events of the message, and the next one.
  std::vector<Change> parts_;
  std::size_t next_ = 0;
  ChangePlace place_;         // of the next event
  std::uint64_t stored_ = 0;  // so many events of the transaction are stored
  bool in_transaction_ = false;
  Position position_;
};

}  // namespace pelton::postgres
