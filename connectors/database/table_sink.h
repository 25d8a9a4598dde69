// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/high_water.h"
#include "connectors/database/row_reader.h"
#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"
#include "connectors/database/written.h"
#include "engine/connector/ledger.h"
#include "engine/connector/sink.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::database {

// Writes each event as a row of a table, and which events it has written in the same transaction:
// an event that comes again after a crash is recognised (Written). One transaction a batch. Where
// the server refuses a row, the rows are written in halves until it is alone; it fails, its
// neighbours are there.
//
// Errors of connect(): the target's, and those of RowReader. Of write(): the target's; E7247
// invalid, the position was moved back behind the table's progress; E7248 invalid, the progress has
// gone back. Failures of single events: E7244 and E7245, invalid, after the table was looked up
// once more, since somebody may have changed it meanwhile.
class TableSink final : public connector::Sink {
 public:
  // `group` names the sink to the database. The ledger outlives it.
  TableSink(SinkOptions options, std::string group, std::unique_ptr<Target> target,
            connector::Ledger& ledger);

  Status connect() override;
  Result<std::vector<connector::SinkFailure>> write(
      const model::Batch& batch, const connector::SinkPosition& position) override;
  void close() override;
  void hurry() override { target_->hurry(); }

 private:
  class Writing;

  Result<std::int64_t> moved(const connector::SinkPosition& position);
  // Looks the table up. True: it is not what it was.
  Result<bool> look();
  // Begins a transaction and tells what is written; one in which the position is right.
  Result<Written> begin(const model::Batch& batch, const connector::SinkPosition& position,
                        const std::string& place, std::int64_t moved);

  const SinkOptions options_;
  const std::string group_;
  const std::unique_ptr<Target> target_;
  connector::Ledger& ledger_;
  HighWater high_water_;
  TargetTable table_;                // as it was found last
  std::optional<RowReader> reader_;  // of it
  bool careful_ = false;             // rows were refused in the last batch
};

}  // namespace pelton::database
