// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/histogram.h"
#include "engine/base/memory_budget.h"
#include "engine/config/parts/delivery.h"
#include "engine/config/parts/filter_rule.h"
#include "engine/config/parts/idempotency.h"
#include "engine/dispatch/breaker.h"
#include "engine/dispatch/key_usage.h"
#include "engine/model/frame.h"
#include "engine/model/outputs.h"
#include "engine/model/records.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pelton::dispatch {

// What a dispatcher needs to know of its binding; fixed for its life.
struct DispatcherOptions {
  BindingId id;
  std::string binding;  // names, for records and frames
  std::string function;
  StreamId stream_id;
  std::string stream;
  config::Delivery delivery;
  std::vector<config::FilterRule> filter;
  std::optional<config::Idempotency> idempotency;
  std::vector<model::OutputStream> outputs;  // none: outputs are dropped
  model::EventForm form;                     // of its frames
  std::uint64_t seed = 1;                    // of the jitter
  // Of commits that are not durable yet, most of it outputs: while they take more, no frames are
  // given.
  std::uint64_t max_pending_bytes = 64U << 20;
  // What it holds is claimed there (unsettled, outputs). While there is no room, a partition that
  // has events takes no more, one that has none takes a batch when nothing else is ready, and no
  // frames are given before the commits that are under way are durable. Null: none. Outlives the
  // dispatcher.
  MemoryBudget* memory = nullptr;
  // Events with so many bytes of payload or more that wait for their next attempt, or behind such
  // an event of their key, are not kept in memory: reread() asks for them. Absent: all are kept.
  std::optional<std::uint64_t> release_from{};
};

// Names a Commit until committed() is called with it.
using CommitToken = std::uint64_t;

// Out: submit this to the store (Origin::engine), in the order given, and say committed() once it
// is durable.
struct Commit {
  CommitToken token = 0;
  model::Transaction transaction;
};
// The caller owns and reuses the buffer.
using Commits = std::vector<Commit>;

// How many events of a partition stand where, for status and metrics.
struct PartitionCounts {
  Offset cursor = 0;                         // all before it are settled, and that is durable
  Offset next = 0;                           // next offset to be offered
  std::uint64_t unsettled = 0;               // in the window
  std::uint64_t in_flight = 0;               // with workers, or held
  std::uint64_t retrying = 0;                // parked until their next attempt
  std::uint64_t waiting = 0;                 // behind a parked or running event of their key
  std::uint64_t bytes = 0;                   // of the batches held for those in the window
  std::optional<WallTime> oldest_unsettled;  // its event time, when in the window
};

// Totals since start, for metrics.
struct Totals {
  std::uint64_t done = 0, failed_attempts = 0, dead_letters = 0, filtered = 0, passed = 0,
                deduplicated = 0, outputs = 0, late_results = 0, skipped = 0, replayed = 0,
                lost = 0;
  std::map<std::string, std::uint64_t, std::less<>> dead_letters_by_reason;
  std::optional<WallTime> last_done;  // when an event last ended as done

  void count_done(std::uint64_t events, WallTime now) {
    done += events;
    last_done = now;
  }
  void count_letter(const std::string& reason) {
    ++dead_letters;
    ++dead_letters_by_reason[reason];
  }
};

// DeadLetter::reason is one of these.
inline constexpr std::array kDeadLetterReasons{"attempts", "failed",    "worker_killer",
                                               "max_age",  "too_large", "undecodable"};

// An event to be read again; answered with again().
struct Reread {
  PartitionId partition;
  Offset offset = 0;
  std::uint64_t tenure = 0;  // of the assignment that asked
};

// An event between attempts, for status.
struct ParkedEvent {
  PartitionId partition;
  Offset offset = 0;
  std::string key;  // empty also when the event is not in memory
  const model::RetryState* retry = nullptr;
};

// The pure core: decides, for one binding and all its partitions here, which event goes to which
// worker when, and what follows from the outcome. A state machine: no I/O, no thread, no clock read
// (times are parameters), randomness from a seed. Belongs to one shard. The same code runs under
// tests/simulation.
//
// An event is pending -> in flight -> settled (done or dead letter), or parked between attempts, or
// waiting in the lane of its key behind one that is. Settled events count against the window until
// their transaction is committed. Functions only ever see what was offered, and only durable
// batches are offered.
class Dispatcher {
 public:
  explicit Dispatcher(DispatcherOptions options);
  ~Dispatcher();
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  const DispatcherOptions& options() const;

  // ---- partitions
  // From now on the partition may be offered events, from restored.progress on.
  void assign(PartitionId partition, const model::Restored& restored);
  // Forgets the partition: its frames in flight are fenced (late results are counted and dropped).
  // Its last commits may still be pending. Used by seek and by Kafka's revoke.
  void revoke(PartitionId partition);
  // Before a revoke that leaves handlers time: from now on no frame of the partition is given and
  // it wants no events; those in flight still settle. Dead letters that are replayed go on, they
  // are not the partition's. Ends with revoke, or with false. drained(partition) says when no
  // worker has anything of it, idle(partition) when nothing is left to wait for.
  void drain(PartitionId partition, bool on = true);
  // No event of the partition is with a worker; some may be held.
  bool drained(PartitionId partition) const;
  // Fills the index of completed idempotency keys, before the first offer. What a clock that was
  // ahead wrote counts as completed now, or all keys would be known until that time has come.
  void restore(const model::CompletedKeys& keys, WallTime now);

  // ---- intake
  struct Want {
    Offset from = 0;           // next offset to offer
    std::uint64_t events = 0;  // room in the window; 0: offer nothing now
    // Memory is short and other partitions have events that are ready: ask again after a commit.
    bool later = false;
  };
  Want wants(PartitionId partition) const;
  // Offers a durable batch. Events below wants().from and completed ones are passed over; of a
  // batch larger than the room the rest must be offered again. Offsets missing between batches are
  // taken as never existing.
  void offer(PartitionId partition, Offset base, const model::BatchPtr& batch, WallTime now,
             Commits& out);

  // ---- work
  // Something could be pulled now (or once the batch window is over, see next_due; or once
  // committed() was called, while too many bytes are on their way).
  bool has_work(WallTime now) const;
  // The next frame for this worker, or nothing. Partitions are served in turn.
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits, WallTime now,
                                   Commits& out);
  // What finished() would say of the result, for a caller that has to do something with its outputs
  // first; nothing is changed. cancelled: the frame is not this worker's any more, finished() would
  // count the result as late and drop it.
  Status check(WorkerId worker, FrameId frame, const model::FrameResult& result) const;
  // Whose events the frame has; nothing: a dead letter that is replayed, or no frame with a worker.
  std::optional<PartitionId> partition_of(FrameId frame) const;
  // Events [first, first + count) of the frame, for which a result passed check() just now, belong
  // to kHeld: the loss of the worker does not give them back. They stay in flight, and their lanes
  // taken, until finished(kHeld, frame, result) with the same first and count, or until their
  // partition is revoked (then that is late). What is held may finish in any order.
  void hold(WorkerId worker, FrameId frame, std::uint32_t first, std::uint32_t count);
  // A result of a frame of this worker. An unknown frame (late, fenced, answered twice) is counted
  // and dropped. invalid: the result contradicts the frame (indices, order); nothing was changed
  // and the worker is not to be trusted: call worker_lost.
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result, WallTime now,
                  Commits& out);
  // The worker has not begun the events of its frame from `first` on, and will not: they come
  // again, and no attempt is used. The frame ends before them. A frame or events that are not this
  // worker's any more are ignored.
  void give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now, Commits& out);
  void worker_lost(WorkerId worker, const model::WorkerLoss& loss, WallTime now, Commits& out);

  // ---- time and durability
  // When on_timer has something to do: a retry is due, a batch window or a pause of the breaker is
  // over. Nothing: no timer needed.
  std::optional<WallTime> next_due() const;
  void on_timer(WallTime now, Commits& out);
  void committed(CommitToken token);

  // ---- events that are not kept in memory
  // Those whose time has come, since the last call; few at a time, and fewer while memory is short.
  // To be called after every other call.
  void reread(std::vector<Reread>& out);
  // The answer, in any order and however late: the batch that holds the event, and its base. Null:
  // the event is not stored any more, and counts as lost.
  void again(const Reread& which, Offset base, const model::BatchPtr& batch, WallTime now,
             Commits& out);

  // ---- the operator
  // Delivers a dead letter again, with its idempotency key, as an event of its own behind those of
  // its key that are in flight. Success removes the letter, failure (after the binding's attempts)
  // puts it back with replays + 1. False: it is already being replayed.
  bool replay(const model::DeadLetter& letter, WallTime now);
  // False: as many are being replayed as a window has room for, or 64 MiB of events; wait.
  bool replay_room() const;

  // ---- looking in
  PartitionCounts counts(PartitionId partition) const;
  const Totals& totals() const;
  // Of events that ended as done, from their own time; those without one and replayed dead letters
  // are not counted.
  HistogramCounts completion_ages() const;
  BreakerView breaker() const;
  KeyUsage completed_keys() const;  // custom idempotency keys; all 0 when the binding has none
  std::vector<ParkedEvent> parked(std::size_t most) const;
  std::uint64_t in_flight() const;  // events with workers, or held
  // No event in flight and no commit pending: safe to stop.
  bool idle() const;
  // The same of one partition, whatever came of its earlier assignments: all that it has settled is
  // durable.
  bool idle(PartitionId partition) const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace pelton::dispatch
