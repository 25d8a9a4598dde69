// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"
#include "tests/simulation/disk_model.h"
#include "tests/simulation/group_scenario.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/sim_broker.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pelton::simulation {

// One run of a node's process.
using Life = std::uint64_t;

// Watches the nodes of a group from outside and knows by itself what must hold: no record is lost,
// none is invoked again that was committed (or settled on the disk of the node that committed
// last), keys keep their order while one node has the partition, and nothing is invoked or
// committed for a partition that was let go or lost.
class GroupHistory {
 public:
  explicit GroupHistory(const GroupScenario& scenario) : scenario_(scenario) {}

  // ---- the topic and the broker
  void produced(const model::PlacedBatch& placed);
  void applied(PartitionId partition, const Committed& value);
  void reset(PartitionId partition, Offset offset);

  // ---- a node: its disk, its partitions. `disk` is what it has when the partition begins.
  void backup_restored(std::uint32_t node);
  void died(Life life);
  void begin(Life life, std::uint32_t node, PartitionId partition, Generation generation,
             const Committed& committed, const DiskModel& disk);
  void renew(Life life, Generation generation);
  void draining(Life life, PartitionId partition) { session(life, partition).draining = true; }
  // What is in flight is late from now on; what is durable is to be committed before it is let go.
  void parting(Life life, PartitionId partition);
  void let_go(Life life, PartitionId partition);  // before the broker hears of it
  void lost(Life life, PartitionId partition);
  void committing(Life life, PartitionId partition, Generation generation, const Committed& value);
  void replied(Life life, PartitionId partition, CommitReply reply);

  // ---- its dispatcher
  void offered(Life life, PartitionId partition, Offset next);
  void frame(Life life, WorkerId worker, const model::Frame& frame);
  bool open(Life life, WorkerId worker, FrameId frame) const;
  // Its worker's next result is to begin there.
  std::uint32_t covered(Life life, FrameId frame) const {
    return frames_.at({life, frame}).covered;
  }
  // The worker has answered; the outcome may come later, unless the frame is closed till then.
  void answered(Life life, FrameId frame, const model::FrameResult& result);
  bool awaited(Life life, FrameId frame) const { return frames_.contains({life, frame}); }
  void outcome(Life life, FrameId frame, const model::FrameResult& result);
  void worker_lost(Life life, WorkerId worker, const model::WorkerLoss& loss);
  void emitted(Life life, Tag tag, const model::Transaction& transaction);
  void written(Life life, Tag tag, const model::Transaction& transaction);
  void durable(Life life, Tag tag);

  // ---- the end
  bool all_settled() const;
  std::string describe() const;  // what is not
  void finish(const SimBroker& broker);
  const std::vector<std::string>& violations() const { return violations_; }
  template <typename... Args>
  void violation(fmt::format_string<Args...> text, Args&&... args) {
    violations_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  struct Seen {
    std::uint64_t frames = 0, invoked = 0, done = 0, dead = 0, sessions = 0, trusted = 0,
                  let_go = 0, lost = 0, deaths = 0, resets = 0, commits = 0, late = 0, held = 0,
                  ranges = 0;
  };
  Seen seen;

 private:
  struct Event {
    const Message* message = nullptr;
    std::string data;
  };
  struct Partition {
    std::map<Offset, Event> events;
    std::set<Offset> unsettled;  // by what is on the nodes' disks, since the last reset
    Offset end = 0;
  };
  struct LaneUse {
    Offset highest = -1;  // that was invoked; lower again when it comes back
    bool ended = true;    // it has
    FrameId with;         // while in_flight > 0
    std::uint32_t in_flight = 0;
  };
  // A partition with a node, from its assignment to its end.
  struct Session {
    std::uint32_t node = 0;
    PartitionId partition;
    Generation generation = 0;
    bool draining = false;
    bool parting = false;
    bool over = false;
    bool tried_last = false;    // the last commit was tried while parting
    bool uncertain = false;     // the last commit failed, or may have
    model::Progress committed;  // at its begin
    model::Progress local;      // on the node's disk then, where that counts
    bool certain = true;        // whether it does: the disk was not exchanged
    std::map<Offset, std::uint32_t> failures;
    std::set<Offset> open;    // offered, their end is not on the disk
    std::set<Offset> flying;  // with a worker, or held
    std::set<Offset> done, dead;
    std::map<std::string, LaneUse> lanes;
    Offset next = 0;
    Offset durable = 0;
    Offset due = 0;   // durable when nothing more was waited for
    Offset sent = 0;  // last offset whose commit was tried
  };
  struct OpenFrame {
    WorkerId worker;
    Session* session = nullptr;
    std::vector<Offset> offsets;
    std::uint32_t covered = 0;  // the worker has answered for so many
    std::uint32_t left = 0;     // have no outcome yet
  };

  Session& session(Life life, PartitionId partition);
  void end(Life life, PartitionId partition);
  void invoke(Session& session, const model::Frame& frame, std::uint32_t i);
  void check_attempt(const Session& session, Offset offset, std::uint32_t attempt);
  void check_lane(Session& session, Offset offset, const std::string& name, FrameId frame);
  void comes_back(Session& session, Offset offset, bool done);
  void write_letter(Session& session, const model::DeadLetter& letter);
  void cover(Session& session, const model::Progress& cursor);
  static bool is_covered(const model::Progress& cursor, Offset offset);

  const GroupScenario& scenario_;
  std::map<PartitionId, Partition> partitions_;
  std::deque<Session> sessions_;
  std::map<std::pair<Life, PartitionId>, Session*> current_;
  std::map<std::pair<Life, FrameId>, OpenFrame> frames_;
  // By transaction: whose cursors it moves.
  std::map<std::pair<Life, Tag>, std::map<PartitionId, std::pair<Session*, Offset>>> unwritten_;
  // Disks exchanged for older ones, until a commit from what is on them now is applied; whether one
  // was sent.
  std::map<std::pair<std::uint32_t, PartitionId>, bool> exchanged_;
  std::vector<std::string> violations_;
};

}  // namespace pelton::simulation
