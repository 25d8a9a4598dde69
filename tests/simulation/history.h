// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "tests/simulation/disk_model.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/scheduler.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace pelton::simulation {

// One delivery of a frame, unique over all lives of the engine.
using Invocation = std::uint64_t;
inline Invocation invocation_of(std::uint64_t life, FrameId frame) {
  return (life << 48) ^ frame.value;
}
// The text of output `j` of an event.
std::string output_text(PartitionId partition, Offset offset, std::uint32_t j, Invocation by);
std::uint64_t number_of(std::string_view data);

// The idempotency key of an event that brings none.
inline std::string default_key(const dispatch::DispatcherOptions& binding, PartitionId partition,
                               Offset offset) {
  return fmt::format("{}/{}/{:016x}/{}/{}", binding.binding, binding.stream, 0, partition.value,
                     offset);
}
inline constexpr Tag kSeekTag = ~Tag{0};
inline constexpr Tag kPurgeTag = kSeekTag - 1;

// Watches a run from outside, at the boundary of the dispatcher, and knows by itself what must
// hold. It never looks into the dispatcher. `violations()` says what did not hold.
class History {
 public:
  History(const Scenario& scenario, const Scheduler& scheduler);

  // ---- the store
  // Before a transaction gets on the disk.
  void applied(Tag tag, const model::Transaction& transaction,
               const std::vector<model::PlacedBatch>& placed);
  // The engine begins (again): what was not durable never was.
  void restarted();

  // ---- the engine
  void offered(PartitionId partition, Offset next);
  void frame(WorkerId worker, const model::Frame& frame, std::uint64_t life);
  bool open(WorkerId worker, FrameId frame) const;
  // The result begins where those of the frame so far ended.
  bool follows(FrameId frame, const model::FrameResult& result) const;
  // The worker has answered for a frame that is not open any more.
  void late(WorkerId worker, FrameId frame);
  // Before the dispatcher gets it; the frame is open.
  void result(FrameId frame, const model::FrameResult& result);
  // The worker will not begin the events of the frame from `first` on, whose offset is `from`.
  void gave_back(WorkerId worker, FrameId frame, std::uint32_t first, Offset from);
  void lost(WorkerId worker, const model::WorkerLoss& loss);
  void replaying(const model::DeadLetterId& id) { replays_.try_emplace(id); }
  void revoked(PartitionId partition);
  void emitted(Tag tag, const model::Transaction& transaction);
  // The engine's call into the dispatcher is over and all it emitted was shown.
  void call_ended();

  // ---- the end
  bool all_settled() const;
  void finish(const DiskModel& disk);
  const std::vector<std::string>& violations() const { return violations_; }
  template <typename... Args>
  void violation(fmt::format_string<Args...> text, Args&&... args) {
    violations_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  // How much of what happened, so that a test can see that the faults do their work.
  struct Seen {
    std::uint64_t frames = 0, done = 0, dead = 0, retries = 0, kills = 0, replays_done = 0,
                  outputs = 0, deduplicated = 0, filtered = 0, restarts = 0, late = 0, reread = 0,
                  given_back = 0, pauses = 0;
  };
  Seen seen;

 private:
  using Place = std::pair<PartitionId, Offset>;
  using Key = std::pair<PartitionId, std::string>;
  // What failures leave behind.
  struct Trouble {
    std::uint32_t failures = 0;  // that counted
    std::uint32_t kills = 0;
    std::uint32_t timeouts = 0;
    WallTime not_before{};
    WallTime not_after{};  // the next attempt was to come by then
    WallTime first{};      // when the first of them ended
    Duration ahead{0};     // the clock that wrote it
    // The engine begins again; its clock may have been set back.
    void resume(const Scheduler& scheduler);
  };
  struct Event {
    const Message* message = nullptr;
    model::BatchPtr batch;
    std::uint32_t index = 0;
    Trouble trouble;                  // as the engine knows it now
    Trouble durable;                  // as the disk does
    std::uint32_t suspect = 0;        // most suspects that may go with it; 0: it is none
    Invocation done_by = 0;           // the accepted result
    std::set<std::uint32_t> outputs;  // on the disk
    bool dead = false;                // its dead letter is on the disk
    bool skipped = false;             // by a seek
    bool settled = false;             // on the disk
    WallTime settled_at{};            // by what the dispatcher emitted
  };
  struct Partition {
    std::map<Offset, Event> events;
    std::set<Offset> unsettled;                     // by what the dispatcher emitted
    std::set<Offset> undurable;                     // by what is on the disk
    std::map<std::string, std::set<Offset>> lanes;  // unsettled by lane
    std::map<std::pair<model::StreamPartition, std::string>, Offset>
        last_output;         // by its lane, too
    model::Progress cursor;  // on the disk
    Offset end = 0;
  };
  struct OpenFrame {
    WorkerId worker;
    PartitionId partition;
    Invocation by = 0;
    std::vector<Offset> offsets;
    std::uint32_t covered = 0;
    bool replay = false;
  };
  struct LaneUse {
    Invocation by = 0;
    std::uint32_t events = 0;
  };
  struct ReplayState {
    Trouble trouble;
    Invocation done_by = 0;
  };

  Partition& at(PartitionId partition) { return partitions_[partition]; }
  static bool is_covered(const model::Progress& cursor, Offset offset);
  static std::vector<Offset> newly_covered(const std::set<Offset>& open,
                                           const model::Progress& cursor);

  // An event that a worker has, whatever the dispatcher thinks of it.
  struct Busy {
    WorkerId worker;
    FrameId frame;
  };

  // frames (history_frames.cpp)
  void hand_over(const OpenFrame& open, FrameId frame);
  void check_shape(WorkerId worker, const model::Frame& frame);
  void check_event(const model::Frame& frame, std::uint32_t i, const Event& event);
  void check_trouble(const model::Frame& frame, std::uint32_t i, const Event& event,
                     const Trouble& trouble);
  void check_suspects(const model::Frame& frame, const Partition& partition);
  void check_order(const model::Frame& frame, const Partition& partition);
  void check_replay(const model::Frame& frame, const Partition& partition);
  void check_once(const model::Frame& frame, Offset offset, const Message& message);
  void check_pause(const model::Frame& frame);
  void check_rate(const model::Frame& frame);
  void tell_pause(const OpenFrame& open, FrameId id, const model::FrameResult& result);
  std::optional<Key> key_at(const Place& place) const;
  void gave_up(const model::DeadLetter& letter);
  void failed_in_a_row(FrameId id, const Place& place);
  void occupy(const OpenFrame& open, Offset offset);
  void release(const OpenFrame& open, Offset offset);
  void close(FrameId frame);
  void event_done(OpenFrame& open, Offset offset);
  void event_failed(const OpenFrame& open, Offset offset, const model::Failure& failure);
  void blame(FrameId frame, const OpenFrame& open, Offset offset, const std::string& cause);
  void narrow(const OpenFrame& open, const model::FrameResult& result);
  void narrow(WorkerId worker, FrameId frame, const std::string& cause);
  void fail(Trouble& trouble, std::optional<Duration> asked);
  Trouble& trouble_of(const OpenFrame& open, Offset offset);

  // transactions (history_disk.cpp)
  void append_input(const model::PlacedBatch& placed);
  void append_output(const model::PlacedBatch& placed, const model::Transaction& transaction);
  void check_output(const model::PlacedBatch& placed, std::uint32_t i,
                    const model::Transaction& transaction);
  void write_letter(const model::DeadLetter& letter);
  void check_reason(const model::DeadLetter& letter, const Event& event, const Trouble& trouble);
  void remove_letter(const model::DeadLetterId& id);
  void move_cursor(const model::Transaction::ProgressUpdate& update);
  void cover(PartitionId id, Partition& partition, const model::Progress& cursor);
  void check_outputs_covered();
  void seek(const model::Transaction::ProgressUpdate& update);
  bool settles(const Event& event, PartitionId partition, Offset offset);
  bool is_duplicate(const Event& event) const;
  void complete_key(const std::string& key);
  void settle_locally(Partition& partition, Offset offset);

  const Scenario& scenario_;
  const Scheduler& scheduler_;
  std::map<PartitionId, Partition> partitions_;
  std::map<FrameId, OpenFrame> frames_;
  std::map<std::pair<PartitionId, std::string>, LaneUse> lanes_;
  std::map<Place, Busy> busy_;
  std::map<std::string, Place> once_running_;  // idempotency key -> event with a worker
  // When keys were completed last: as the engine knows, and as the disk does.
  std::map<std::string, WallTime> once_done_;
  std::map<std::string, WallTime> once_durable_;
  std::map<std::string, WallTime> once_really_;  // the same by a clock that is never set
  std::map<model::DeadLetterId, ReplayState> replays_;
  // What the breaker has to know: events that failed since one was done.
  struct Pause {
    std::set<Place> in_a_row;
    bool open = false;
    WallTime until{};          // at the earliest
    FrameId probe{};           // given since
    std::uint32_t probes = 0;  // of events that had not failed before, since the last pause
  };
  Pause pause_;
  double rate_level_ = 0;   // events given in this life, less those that the limit has let through
  WallTime rate_seen_{};    // when that was so
  std::set<Key> bad_keys_;  // of which no event has been done since
  WallTime last_done_{};    // when an event was done, in this life
  std::vector<Place> touched_;  // failed in the call at hand
  std::map<Tag, std::vector<std::pair<Place, Trouble>>> unwritten_;
  std::vector<std::pair<Place, Invocation>> written_;  // outputs of the transaction at hand
  std::vector<std::string> violations_;
};

}  // namespace pelton::simulation
