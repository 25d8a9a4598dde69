// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/row_reader.h"
#include "connectors/database/target.h"
#include "connectors/database/text_arena.h"
#include "connectors/database/write_plan.h"
#include "connectors/database/written.h"
#include "engine/connector/lane_guard.h"
#include "engine/connector/sink.h"

#include <span>
#include <string>
#include <vector>

namespace pelton::database {

// One attempt to write a batch in one transaction, which is open. Rows are made of the events, and
// written, a few MiB at a time.
class TableWriting {
 public:
  struct Parts {
    const model::Batch& batch;
    const connector::SinkPosition& position;
    const TargetTable& table;
    RowReader& reader;
    Target& target;
    bool careful = false;
  };

  // All of them live longer.
  TableWriting(Parts parts, Written& written);

  // True: all events are written or among the failures. False: a row was refused, and the
  // transaction with it, since it was not a careful one. Errors are the target's.
  Result<bool> run();

  bool wrote() const { return wrote_; }
  bool refused() const { return refused_; }
  // Events fail that are no row of the table as it is known, or that it refuses.
  bool failed() const { return !failures_.empty(); }
  // By index.
  std::vector<connector::SinkFailure> failures() &&;

 private:
  // The events from there on, until the slice is full; returns where the next one begins.
  std::size_t fill(std::size_t from);
  void take(std::size_t i);
  Result<bool> write_slice();
  Result<bool> write_rows(const WritePlan::Step& step, std::span<const std::size_t> columns,
                          std::span<const std::size_t> rows);
  std::vector<std::size_t> free_rows(std::span<const std::size_t> rows);
  std::span<Value> row(std::size_t at) {
    return {values_.data() + at * parts_.table.columns.size(), parts_.table.columns.size()};
  }
  std::string_view key_of(std::size_t at);
  void fail(std::size_t event, Error error);

  const Parts parts_;
  Written& written_;
  connector::LaneGuard lanes_;
  std::vector<connector::SinkFailure> failures_;
  bool wrote_ = false;
  bool refused_ = false;

  // The slice at hand.
  std::size_t bytes_ = 0;
  TextArena texts_;
  std::vector<Value> values_;        // row by row
  std::vector<std::size_t> events_;  // of each row
  std::vector<bool> removes_;        // whether it is deleted
};

}  // namespace pelton::database
