// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/records.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/scheduler.h"

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace pelton::simulation {

// A commit of the dispatcher; 0: of a producer or the operator.
using Tag = std::uint64_t;

// The store as the engine sees it: transactions are written in groups, each atomically, some time
// after they were submitted; a crash loses those that no group has carried, and may or may not lose
// the one being written.
class SimStore {
 public:
  struct Log {
    std::vector<store::PlacedBatch> batches;
    Offset end = 0;
  };
  // What is on the disk.
  struct Disk {
    std::map<store::StreamPartition, Log> logs;
    std::map<PartitionId, store::Cursor> cursors;
    std::map<std::pair<PartitionId, Offset>, store::RetryState> retries;
    std::map<store::DeadLetterId, store::DeadLetter> letters;
    std::vector<store::IdempotencyRecord> idempotency;
  };
  struct Listener {
    // Right before a transaction is on the disk; `placed` are its appends.
    std::function<void(Tag, const store::Transaction&,
                       const std::vector<store::PlacedBatch>& placed)>
        applied;
    std::function<void()> failed;  // a write error: the engine has to end
  };

  SimStore(Scheduler& scheduler, Dice dice, const Faults& faults, Listener listener);

  void submit(Tag tag, store::Transaction transaction, std::function<void()> durable);
  void crash();
  const Disk& disk() const { return disk_; }
  // Of another time; after crash().
  void exchange(Disk disk) { disk_ = std::move(disk); }
  // The batch that has the first event at or after `offset`; null: there is none yet.
  const store::PlacedBatch* batch_at(const store::StreamPartition& at, Offset offset) const;

 private:
  struct Pending {
    Tag tag = 0;
    store::Transaction transaction;
    std::function<void()> durable;
  };
  void begin_group();
  void end_group();
  void apply(const Pending& pending);

  Scheduler& scheduler_;
  Dice dice_;
  const Faults& faults_;
  Listener listener_;
  Disk disk_;
  std::vector<Pending> queue_;
  std::vector<Pending> group_;
  bool writing_ = false;
  std::uint64_t life_ = 0;
};

}  // namespace pelton::simulation
