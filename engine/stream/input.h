// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/model/records.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pelton::stream {

// Value. What keeps a binding from reading, writing or committing at the moment (brokers away).
struct Trouble {
  std::string what;    // empty: nothing
  bool ended = false;  // it is not over before the engine restarts
};

// Interface. What one binding reads: the partitions of its stream that are this engine's at the
// moment, and the place where its settled offsets are kept. Implemented for embedded streams
// (embedded_input.h) and for Kafka topics (topic_input.h). Shard-confined.
class Input {
 public:
  using Done = std::function<void(Status)>;

  // How an input speaks to its binding. On the shard, never from within next().
  class Listener {
   public:
    virtual ~Listener() = default;
    // From now on next() may be asked for the partition, from restored.progress on.
    virtual void assigned(PartitionId partition, const model::Restored& restored) = 0;
    // next() may have something, or the end of the partition has moved.
    virtual void readable(PartitionId partition) = 0;
    // Said once after a run of readable(): there may be work now.
    virtual void wake() = 0;
    // Begin no more work of the partition; say drained() once what is in flight has settled.
    virtual void revoking(PartitionId partition) = 0;
    // The partition is not ours any more: forget it, fence what is in flight.
    virtual void revoked(PartitionId partition) = 0;
    // The partition cannot go on without the operator.
    virtual void stopped(PartitionId partition, const Error& error) = 0;
  };

  virtual ~Input() = default;

  // Before the engine runs; an input that knows its partitions assigns them here. corrupt: what was
  // stored contradicts the stream.
  virtual Status open(Listener& listener) = 0;
  // The engine runs.
  virtual void start() = 0;
  // The partitions assigned now, ascending.
  virtual std::vector<PartitionId> partitions() const = 0;
  // The batch that holds `from`, or the first one after it; nothing: readable() will be said.
  virtual std::optional<model::PlacedBatch> next(PartitionId partition, Offset from) = 0;
  // Makes the transaction durable, its cursors where the input keeps them. In the order of the
  // calls. `done` comes once that is so; it does not come when the store has failed, or when the
  // partition was lost before.
  virtual void settle(model::Transaction&& transaction, Done done) = 0;
  // Continues the partition at `offset`, forgetting its retries: assigned() is called again, then
  // `done`. The listener has dropped the partition before.
  virtual void seek(PartitionId partition, Offset offset, Done done) = 0;
  // What can be read of the partitions assigned now.
  struct Bounds {
    PartitionId partition;
    Offset earliest = 0;
    Offset end = 0;
    Offset at_time = 0;  // first offset at or after the time asked for; end if none
  };
  virtual void bounds(std::optional<WallTime> time,
                      std::function<void(Result<std::vector<Bounds>>)> answer) = 0;
  // Answer to revoking().
  virtual void drained(PartitionId partition) = 0;
  // The next offset that the stream will give.
  virtual Offset end(PartitionId partition) const = 0;
  // Event time at the offset, when it can be told cheaply.
  virtual std::optional<WallTime> time_at(PartitionId partition, Offset offset) = 0;
  virtual Trouble trouble() const { return {}; }
  // False: enough waits to become durable; until then, workers are to get nothing more.
  virtual bool room() const { return true; }
  // Dead letters of the binding that are not in the store.
  virtual std::uint64_t letters_elsewhere() const { return 0; }
  // Lets the stream go; everything settled is durable by then. `done` once, on the shard.
  virtual void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) = 0;
};

}  // namespace pelton::stream
