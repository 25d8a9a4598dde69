// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/commit_metadata.h"
#include "engine/model/records.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/group_scenario.h"
#include "tests/simulation/scheduler.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace pelton::simulation {

using MemberId = std::uint64_t;
using Generation = std::int64_t;

// What is committed of a partition: the offset, and in its metadata the ranges completed beyond it,
// with the node that committed, the epoch of that node's disk, and the attempts of what has failed.
// Node 0: no metadata of ours.
struct Committed {
  model::Progress cursor;
  std::uint32_t node = 0;
  std::uint64_t epoch = 0;
  std::vector<kafka::TriedEvent> tried{};
};

// unknown: the answer did not come; the commit was, will be, or will never be applied.
enum class CommitReply { applied, failed, fenced, unknown };

// What the broker tells a member, in this order: it joins, is assigned, is asked to let go, ...;
// lost comes instead of all that would follow.
class GroupMember {
 public:
  virtual ~GroupMember() = default;
  virtual void assigned(MemberId as, Generation generation,
                        const std::set<PartitionId>& partitions) = 0;
  // Answered by SimBroker::revoked.
  virtual void revoke(MemberId as, const std::set<PartitionId>& partitions) = 0;
  virtual void lost(MemberId as) = 0;
};

// One topic with sparse offsets, and the coordinator of one consumer group: members, generations,
// committed offsets. Members outlive it.
class SimBroker {
 public:
  SimBroker(Scheduler& scheduler, Dice dice, const GroupScenario& scenario);
  // Right before a commit is applied.
  std::function<void(PartitionId, const Committed&)> on_applied;

  // ---- the topic
  const model::PlacedBatch& append(PartitionId partition, model::BatchPtr batch);
  // The batch with the first record at or after the offset; null: none yet.
  const model::PlacedBatch* batch_at(PartitionId partition, Offset offset) const;
  Offset end(PartitionId partition) const;

  // ---- the group
  MemberId join(GroupMember& member);
  void revoked(MemberId member);
  void leave(MemberId member) { remove(member, false); }
  // Its session timed out, or it did not answer in time.
  void expel(MemberId member) { remove(member, true); }
  void expel_all();
  bool stable() const { return !rebalancing_; }

  // ---- offsets
  void commit(MemberId member, Generation generation, PartitionId partition, Committed value,
              std::function<void(CommitReply)> reply);
  // Nothing when the question failed.
  void ask(PartitionId partition, std::function<void(std::optional<Committed>)> reply);
  Committed committed(PartitionId partition) const;
  // By the operator, of a group without members.
  void reset(PartitionId partition, Offset offset);

 private:
  struct Member {
    GroupMember* node = nullptr;
    std::set<PartitionId> owned;
    std::set<PartitionId> asked;  // to let go, not answered yet
    WallTime told{};              // what it is told comes in order
  };
  struct Log {
    std::vector<model::PlacedBatch> batches;
    Offset end = 0;
  };
  void remove(MemberId member, bool tell);
  void rebalance();
  void begin_round();
  void end_round();
  std::map<MemberId, std::set<PartitionId>> spread();
  void tell(Member& member, Duration delay, std::function<void()> call);
  CommitReply apply(MemberId member, Generation generation, PartitionId partition,
                    const Committed& value, std::uint64_t serial);

  Scheduler& scheduler_;
  Dice dice_;
  const GroupScenario& scenario_;
  std::map<PartitionId, Log> logs_;
  std::map<PartitionId, Committed> committed_;
  std::map<PartitionId, std::uint64_t> newest_;  // commit that was applied
  std::map<MemberId, Member> members_;
  std::map<MemberId, std::set<PartitionId>> target_;
  MemberId next_member_ = 1;
  std::uint64_t next_commit_ = 1;
  std::uint64_t round_ = 0;
  Generation generation_ = 0;
  bool rebalancing_ = false;
  bool again_ = false;  // members changed meanwhile
};

}  // namespace pelton::simulation
