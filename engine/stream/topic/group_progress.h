// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/kafka/consume/commit_metadata.h"
#include "engine/model/offset_ranges.h"
#include "engine/model/records.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace pelton::stream {

// Numbers the times that a partition is ours, from 1; what was begun in an earlier tenure does not
// touch a later one. 0: the partition is not ours.
using Tenure = std::uint64_t;

// Value. What the brokers know of a partition that is assigned.
struct GroupCommit {
  PartitionId partition;
  Offset resume = 0;                              // where the group reads on
  std::optional<Offset> committed;                // absent: the group has committed nothing
  std::optional<kafka::CommitMetadata> metadata;  // absent: not written by an engine
  Offset end = 0;                                 // of the topic's partition
};

// Value. What this data folder knows of the partition.
struct LocalProgress {
  std::optional<std::uint64_t> epoch;  // of the tenure that wrote it
  std::optional<model::Progress> progress;
  std::vector<model::Transaction::RetryUpdate> retries;
};

// Value. Where a partition begins, as decided.
struct PartitionStart {
  PartitionId partition;
  model::Restored restored;
  std::uint64_t epoch = 0;
  // False: the folder's state is void. Before any commit names `epoch`, the folder has to have it,
  // with restored.progress and with no other retries than the restored ones, whose `binding` and
  // `at` are not set.
  bool trusted = false;
  bool commit = false;  // the brokers know less than `restored`
};

// Value. A position to commit.
struct GroupPosition {
  PartitionId partition;
  Tenure tenure = 0;
  Offset offset = 0;
  kafka::CommitMetadata metadata;
};

// What this engine knows of the partitions that a consumer group gives it: whose they are, where
// they begin, what is settled, stored and committed, and which settlements are complete. Pure: no
// I/O, no thread, no clock; the group simulation runs it. It holds one tenure per partition and the
// settlements that are not complete, which the dispatcher's window bounds.
//
// The rules:
// - Only what is stored is committed, and only for a tenure that has not ended.
// - Settlements complete in the order in which they were made, once the brokers have committed what
//   they settled. Those whose tenure has ended complete as well, with E5001.
// - Completed ranges travel with the offset. Those that do not fit stay uncommitted. So do the
//   attempts of events that have failed; of those that do not fit, the next owner counts anew.
// - The folder's state counts when the last commit names this folder and its epoch.
class GroupProgress {
 public:
  struct Options {
    std::uint64_t node = 0;                // identifies the data folder
    std::uint32_t max_unsettled = 10'000;  // a commit is due once a quarter of it is settled
    // How many of the ranges, from the lowest, fit beside the offset. Pure as well.
    std::function<std::size_t(const kafka::CommitMetadata&, Offset)> fitting;
  };
  explicit GroupProgress(Options options) : options_(std::move(options)) {}
  // From now on, a position whose ranges do not all fit is not committed at all.
  void require_all_ranges() { all_ranges_ = true; }

  // ---- ownership
  // Whether decide() needs what the folder knows.
  bool needs_local(const GroupCommit& commit) const;
  // Where a partition begins. `epoch`: random, for a tenure that does not continue the folder's.
  PartitionStart decide(const GroupCommit& commit, const LocalProgress& local,
                        std::uint64_t epoch) const;
  // The partition is ours from now on; a tenure that it has ends.
  Tenure begin(const PartitionStart& start);
  // It is not ours any more: lost, or given back.
  void end(PartitionId partition) { held_.erase(partition); }
  Tenure tenure(PartitionId partition) const;
  std::vector<PartitionId> partitions() const;  // ascending
  // Continues a partition of ours at `offset`, in a new tenure. The number is that of a settlement,
  // stored already, which completes when the offset is committed.
  std::uint64_t move(PartitionId partition, Offset offset);
  // No records are in [gap.begin, gap.end): once all before is settled, so are these.
  void skip(PartitionId partition, Tenure tenure, OffsetRange gap);

  // ---- settlements
  // Numbers a settlement that is on its way to the store: what the transaction says of progress and
  // of retries. In the order of the transactions.
  std::uint64_t settle(const model::Transaction& transaction);
  // The store has it, and everything that precedes its offsets. Returns whether a commit is due.
  bool stored(std::uint64_t number);
  // The event's end is durable whatever becomes of the offsets. Returns what the folder is to keep
  // of the partition; nothing when it is not ours.
  std::optional<model::Progress> bury(PartitionId partition, Offset offset);
  struct Complete {
    std::uint64_t number = 0;
    Status status;
  };
  // The next settlement that is complete, once each.
  std::optional<Complete> next_complete();

  // ---- commits, one at a time
  bool committing() const { return committing_; }
  bool uncommitted() const;  // of any partition
  bool uncommitted(PartitionId partition) const;
  // All ranges of the partition fit.
  bool fits(PartitionId partition) const;
  // What is to be committed of the partitions that `may` allows. Unless empty, a commit is under
  // way until committed().
  std::vector<GroupPosition> take_positions(const std::function<bool(PartitionId)>& may);
  // The brokers' answer. False: failed or not known; it is taken again.
  void committed(bool done);

 private:
  struct Held {
    Tenure tenure = 0;
    std::uint64_t epoch = 0;
    OffsetRange gap;
    model::OffsetRanges stored;
    model::Progress buried;  // what the folder knows, with bury()
    std::map<Offset, kafka::TriedEvent> tried;
    Offset committed = 0;
    std::uint64_t newest = 0;   // settlement in `stored`
    std::uint64_t covered = 0;  // ... by what is committed
    bool dirty = false;
  };
  struct Moved {
    PartitionId partition;
    Tenure tenure = 0;
    model::Transaction::ProgressUpdate update;
  };
  struct Tried {
    PartitionId partition;
    Tenure tenure = 0;
    Offset offset = 0;
    std::optional<kafka::TriedEvent> event;  // absent: it is settled
  };
  struct Settlement {
    std::uint64_t number = 0;
    bool stored = false;
    std::vector<Moved> moved;
    std::vector<Tried> tried{};
  };
  struct Sent {
    Tenure tenure = 0;
    Offset offset = 0;
    std::uint64_t covers = 0;
  };

  Held* held(PartitionId partition, Tenure tenure);
  const Held* held(PartitionId partition, Tenure tenure) const;
  static bool add_local(const GroupCommit& commit, const LocalProgress& local,
                        PartitionStart& start);
  static std::vector<model::Transaction::RetryUpdate> travelled(const GroupCommit& commit,
                                                                const model::Progress& progress);
  static Offset offset_of(const Held& held);
  kafka::CommitMetadata metadata_of(const Held& held) const;
  bool advance(const Settlement& settlement);
  void advance_tried(const Settlement& settlement);
  bool is_covered(const Settlement& settlement) const;
  Status outcome(const Settlement& settlement) const;

  const Options options_;
  std::map<PartitionId, Held> held_;
  std::deque<Settlement> storing_;         // in order; the front may wait for the store
  std::deque<Settlement> stored_;          // not yet covered by a commit
  std::map<PartitionId, Sent> under_way_;  // of the commit
  Tenure tenures_ = 0;
  std::uint64_t settlements_ = 0;
  bool committing_ = false;
  bool all_ranges_ = false;
};

}  // namespace pelton::stream
