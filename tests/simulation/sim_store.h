// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"
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
    std::vector<model::PlacedBatch> batches;
    Offset end = 0;
  };
  // What is on the disk.
  struct Disk {
    std::map<model::StreamPartition, Log> logs;
    std::map<PartitionId, model::Progress> cursors;
    std::map<std::pair<PartitionId, Offset>, model::RetryState> retries;
    std::map<model::DeadLetterId, model::DeadLetter> letters;
    std::vector<model::CompletedKeys> idempotency;
  };
  struct Listener {
    // Right before a transaction is on the disk; `placed` are its appends.
    std::function<void(Tag, const model::Transaction&,
                       const std::vector<model::PlacedBatch>& placed)>
        applied;
    std::function<void()> failed;  // a write error: the engine has to end
  };

  SimStore(Scheduler& scheduler, Dice dice, const Faults& faults, Listener listener);

  void submit(Tag tag, model::Transaction transaction, std::function<void()> durable);
  void crash();
  const Disk& disk() const { return disk_; }
  // Of another time; after crash().
  void exchange(Disk disk) { disk_ = std::move(disk); }
  // The batch that has the first event at or after `offset`; null: there is none yet.
  const model::PlacedBatch* batch_at(const model::StreamPartition& at, Offset offset) const;

 private:
  struct Pending {
    Tag tag = 0;
    model::Transaction transaction;
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

// What a transaction comes to on a disk: its appends, which are returned with their offsets, then
// the rest.
std::vector<model::PlacedBatch> place(const model::Transaction& transaction, SimStore::Disk& disk);
void apply(const model::Transaction& transaction, SimStore::Disk& disk);

}  // namespace pelton::simulation
