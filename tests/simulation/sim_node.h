// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/stream/topic/group_progress.h"
#include "tests/simulation/group_history.h"
#include "tests/simulation/sim_broker.h"
#include "tests/simulation/sim_worker.h"
#include "tests/simulation/store_host.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace pelton::simulation {

// What a node keeps over its lives.
struct NodeDisk {
  std::uint32_t node = 0;  // from 1
  std::unique_ptr<StoreHost> store;
  // Of each partition: which time on this disk its cursor and retries are from. It changes whenever
  // they are forgotten, in the same write.
  std::map<PartitionId, std::uint64_t> epochs;
  Life life = 0;  // that writes to it
};
// Tag of the write that forgets a partition and begins the epoch in the lower bits.
inline constexpr Tag kEpochTag = Tag{1} << 62;

// One life of an engine that is a member of the group: a shell around the dispatcher and the
// group's progress, which decide as they do in an engine. A revoke drains, until a deadline,
// commits, and is answered; what is lost is dropped at once. Mutations change what goes into the
// group's progress and what comes out of it.
class SimNode : public GroupMember {
 public:
  SimNode(Life life, const GroupScenario& scenario, GroupMutation mutation, Scheduler& scheduler,
          NodeDisk& disk, SimBroker& broker, GroupHistory& history, Dice dice,
          std::function<void()> kill);

  void start();
  void kill();                             // -9
  void pause() { paused_ = true; }         // SIGSTOP
  void resume();                           // SIGCONT
  void leave(std::function<void()> gone);  // lets go of all, in good order
  void fetch();                            // the topic has more
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }
  bool leaving() const { return gone_ != nullptr; }
  MemberId member() const { return member_; }
  std::size_t partitions() const { return partitions_.size(); }
  bool quiet() const;
  std::string describe() const;

  void assigned(MemberId as, Generation generation, const std::set<PartitionId>& fresh) override;
  void revoke(MemberId as, const std::set<PartitionId>& partitions) override;
  void lost(MemberId as) override;

 private:
  enum class Stage { preparing, active, draining, parting };
  struct Held {  // a partition
    Stage stage = Stage::preparing;
    std::uint64_t serial = 0;
    Generation first = 0;
    WallTime deadline{};
    bool last_tried = false;
  };
  bool is(GroupMutation mutation) const { return mutation_ == mutation; }
  // Runs it when the process runs: now, once it is resumed, or never.
  void gate(std::function<void()> call);
  void after(Duration delay, std::function<void()> call);
  Held* held(PartitionId partition, std::uint64_t serial);

  // partitions (sim_node_partitions.cpp)
  void prepare(PartitionId partition, std::uint64_t serial);
  void restore(PartitionId partition, std::uint64_t serial, const Committed& committed);
  stream::GroupCommit group_commit(PartitionId partition, const Committed& committed) const;
  stream::LocalProgress local(const stream::GroupCommit& commit);
  void break_start(stream::PartitionStart& start);
  void forget(const stream::PartitionStart& start, std::function<void()> durable);
  void begin(const stream::PartitionStart& start);
  void drain(PartitionId partition);
  void check_drained();
  void part(PartitionId partition);
  void go_on_parting(PartitionId partition);
  void let_go(PartitionId partition);
  void answer_revoke();
  void tick();
  void commit();
  void send(const std::vector<stream::GroupPosition>& positions);
  void send(const stream::GroupPosition& position, std::function<void(CommitReply)> answered);
  void answered(PartitionId partition, std::uint64_t serial, CommitReply reply);
  void committed();
  void complete();

  // the dispatcher
  void feed_all();
  void feed(PartitionId partition);
  void pump();
  bool pull(SimWorker& worker);
  void start_worker();
  void result(WorkerId worker, FrameId frame, model::FrameResult result);
  void deliver_outputs(WorkerId worker, FrameId frame, model::FrameResult&& result);
  void delivered(WorkerId worker, FrameId frame, model::FrameResult result);
  void finish(WorkerId worker, FrameId frame, model::FrameResult&& result);
  void late(WorkerId worker, FrameId frame, model::FrameResult&& result);
  void garbage(WorkerId worker, FrameId frame, model::FrameResult result);
  void worker_lost(WorkerId worker, const model::WorkerLoss& loss);
  void after_call();
  void submit_commits();
  void durable(dispatch::CommitToken token, std::uint64_t settlement);
  void arm();

  const Life life_;
  const GroupScenario& scenario_;
  const GroupMutation mutation_;
  Scheduler& scheduler_;
  NodeDisk& disk_;
  SimBroker& broker_;
  GroupHistory& history_;
  Dice dice_;
  const std::function<void()> kill_;
  dispatch::Dispatcher dispatcher_;
  stream::GroupProgress progress_;
  dispatch::Commits commits_;
  const std::set<std::uint64_t> mended_;
  WorkerListener listener_;
  std::vector<std::unique_ptr<SimWorker>> workers_;
  std::map<std::uint64_t, dispatch::CommitToken> settling_;  // by settlement
  std::map<PartitionId, stream::GroupPosition> sent_;        // last
  std::size_t unanswered_ = 0;                               // of the commit
  bool all_applied_ = true;
  std::map<PartitionId, Held> partitions_;
  std::set<PartitionId> asked_;  // to let go
  std::function<void()> gone_;   // it is leaving
  std::vector<std::function<void()>> frozen_;
  MemberId member_ = 0;
  Generation generation_ = 0;
  std::uint64_t next_serial_ = 1;
  std::uint64_t next_worker_ = 1;
  std::optional<WallTime> armed_;
  bool answering_ = false;  // asked_ is of a revoke
  bool alive_ = true;
  bool paused_ = false;
  bool pumping_ = false;
};

}  // namespace pelton::simulation
