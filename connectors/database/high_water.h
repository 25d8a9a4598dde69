// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"
#include "engine/connector/ledger.h"
#include "engine/connector/sink.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace pelton::database {

// How far this engine has seen the progress in the database, to notice one that has gone back: a
// backup was restored, the table was emptied, or it is another database. Exact while it lives; what
// is kept in the sink's ledger for the next process is up to ten seconds older. One thread.
class HighWater {
 public:
  // The ledger outlives it.
  explicit HighWater(connector::Ledger& ledger) : ledger_(ledger) {}

  // `moved`: the newest move that the engine knows. E7248 invalid: the progress has gone back.
  Status check(const connector::SinkPosition& position, const Progress& stored, std::int64_t moved);
  // A transaction with this progress has been committed.
  void raise(const connector::SinkPosition& position, const Progress& committed);

 private:
  struct Mark {
    std::string place;
    std::int64_t moved = 0;
    Offset done = 0;  // everything below it
    std::optional<std::chrono::steady_clock::time_point> kept;
  };

  Result<Mark*> mark_of(const connector::SinkPosition& position);

  connector::Ledger& ledger_;
  std::map<PartitionId, Mark> marks_;
};

// Below which offset this progress has everything.
Offset done_of(const Progress& progress);

}  // namespace pelton::database
