// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"
#include "tests/simulation/scenario.h"

#include <map>
#include <utility>
#include <vector>

namespace pelton::simulation {

// A commit of the dispatcher; 0: of a producer or the operator.
using Tag = std::uint64_t;

// What must be on a disk after transactions: it knows nothing but their order.
struct DiskModel {
  struct Log {
    std::vector<model::PlacedBatch> batches;
    Offset end = 0;
  };
  std::map<model::StreamPartition, Log> logs;
  std::map<PartitionId, model::Progress> cursors;
  std::map<std::pair<PartitionId, Offset>, model::RetryState> retries;
  std::map<model::DeadLetterId, model::DeadLetter> letters;
  std::vector<model::CompletedKeys> idempotency;
};

// What a transaction comes to: its appends, which are returned with their offsets, then the rest.
std::vector<model::PlacedBatch> place(const model::Transaction& transaction, DiskModel& disk);
void apply(const model::Transaction& transaction, DiskModel& disk);

}  // namespace pelton::simulation
