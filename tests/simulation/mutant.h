// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace pelton::simulation {

// Ways to break the dispatcher, so that the checker can be checked. Each is done at its boundary,
// on what goes in and what comes out: production code knows nothing of them.
enum class Mutation {
  none,
  skip_event,            // a cursor settles the event after it as well
  forget_ranges,         // what is settled beyond the cursor is not stored
  settle_early,          // a frame is settled when it is given
  failure_is_done,       // a failed event counts as done
  part_is_whole,         // a partial result settles its whole frame
  lose_event,            // the last event of a batch is not offered
  forget_park,           // a retry comes at once
  lanes_open,            // the order of keys is not kept
  retries_not_stored,    // the retry schedule is not written
  retries_not_restored,  // ... or not read
  attempts_not_counted,  // failures use up no attempt
  recycling_counts,      // a worker that the engine ended costs an attempt
  wrong_blame,           // the event after the one that ended the worker takes the blame
  no_blame,              // nobody does
  not_narrowed,          // a death without blame leaves no suspects
  first_is_blamed,       // ... or the first of them takes the blame
  timeouts_kill,         // a time-out counts as a kill
  drop_letter,           // no dead letter is written
  wrong_letter,          // it holds another event
  replay_keeps_letter,   // a replay that is done does not remove it
  double_output,         // outputs are written twice
  drop_output,           // or not at all
  stray_output,          // or to the wrong partition
  unnamed_output,        // or to the first stream, whichever they name
  split_commit,          // outputs and cursor are two writes
  accept_late,           // a fenced result's outputs are written
  commit_early,          // a commit counts as durable once it is submitted
  forget_keys,           // completed idempotency keys are not restored
  keys_ignored,          // idempotency keys are not looked at
  filter_ignored,        // neither is the filter
  window_ignored,        // the window is larger than it should be
  bytes_ignored,         // ... or has no limit of bytes
  memory_ignored,        // the engine's memory is not looked at
  loses_what_it_reads,   // an event that is read again is taken for gone
  frames_too_large,      // frames are larger than the binding allows
  seek_at_once,          // a seek does not wait for what workers have of the partition
  tail_forgotten,        // what a worker gives back does not come again
  tail_too_long,         // ... or more than that does
  breaker_ignored,       // failures in a row make no pause
  rate_ignored,          // events go as fast as workers take them
  pieces_replace,        // what was settled since replaces what was settled before
  max_age_ignored,       // events are tried however old they are
  clock_is_waited_for,   // retries wait for the time of a clock that was ahead
  keys_forever,          // completed idempotency keys do not expire
  keys_too_short,        // ... or too early
  last,
};
std::string name_of(Mutation mutation);

// The dispatcher with one mutation; the same methods.
class Mutant {
 public:
  Mutant(dispatch::DispatcherOptions options, Mutation mutation);

  void assign(PartitionId partition, model::Restored restored);
  void revoke(PartitionId partition) { inner_.revoke(partition); }
  void drain(PartitionId partition) { inner_.drain(partition); }
  bool drained(PartitionId partition) const {
    return is(Mutation::seek_at_once) || inner_.drained(partition);
  }
  void restore(const model::CompletedKeys& keys, WallTime now);
  dispatch::Dispatcher::Want wants(PartitionId partition) const { return inner_.wants(partition); }
  void offer(PartitionId partition, Offset base, const model::BatchPtr& batch, WallTime now,
             dispatch::Commits& out);
  bool has_work(WallTime now) const { return inner_.has_work(now); }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits, WallTime now,
                                   dispatch::Commits& out);
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result, WallTime now,
                  dispatch::Commits& out);
  void give_back(WorkerId worker, FrameId frame, std::uint32_t first, WallTime now,
                 dispatch::Commits& out);
  void worker_lost(WorkerId worker, model::WorkerLoss loss, WallTime now, dispatch::Commits& out);
  std::optional<WallTime> next_due() const;
  void on_timer(WallTime now, dispatch::Commits& out);
  void committed(dispatch::CommitToken token);
  void reread(std::vector<dispatch::Reread>& out) { inner_.reread(out); }
  void again(const dispatch::Reread& which, Offset base, const model::BatchPtr& batch, WallTime now,
             dispatch::Commits& out);
  bool replay(const model::DeadLetter& letter, WallTime now) { return inner_.replay(letter, now); }
  const dispatch::Dispatcher& inner() const { return inner_; }

 private:
  void change_result(FrameId frame, model::FrameResult& result);
  void change(dispatch::Commits& out, std::size_t from);
  void change(model::Transaction& transaction);
  bool covered_all(FrameId id, std::uint32_t end) const;
  void settle_frames(model::Transaction::ProgressUpdate& update) const;
  void change_letters(model::Transaction& transaction);
  void change_outputs(model::Transaction& transaction);
  bool is(Mutation mutation) const { return mutation_ == mutation; }

  const Mutation mutation_;
  dispatch::Dispatcher inner_;
  // What is with workers. Not the frames themselves, which hold their batches.
  struct Given {
    PartitionId partition;
    Offset base = 0;
    Offset end = 0;
    std::uint32_t events = 0;
  };
  std::map<FrameId, Given> frames_;
  std::set<dispatch::CommitToken> extra_;  // commits of the mutation's own
  dispatch::CommitToken next_extra_ = dispatch::CommitToken{1} << 60;
};

}  // namespace pelton::simulation
