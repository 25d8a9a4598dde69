// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/model/records.h"
#include "engine/stream/input_health.h"
#include "engine/stream/positions.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace pelton::stream {

// What next() may read when nothing that it could give is in memory.
enum class Reads : std::uint8_t {
  within_memory,  // what engine.memory has room for
  one_batch,      // a batch in any case
};

// What there is of a partition that next() has not given, or that was not taken.
enum class Stock : std::uint8_t {
  empty,
  reading,  // readable() follows, also when there was no room for what was to be read
  here,     // next() gives it, and reads nothing for that
};

// Interface. The flow of events to one binding, and of what it settles back to the place that keeps
// its offsets. Implemented for embedded streams (embedded_input.h) and for Kafka topics
// (topic_input.h). Shard-confined.
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
  // The batch that holds `from`, or the first one after it; nothing: readable() will be said.
  virtual std::optional<model::PlacedBatch> next(PartitionId partition, Offset from,
                                                 Reads reads) = 0;
  // What was given up to there has been taken: nothing of it is kept here.
  virtual void taken(PartitionId partition, Offset to) = 0;
  virtual Stock stock(PartitionId partition) const = 0;
  // Makes the transaction durable, its cursors where the input keeps them. In the order of the
  // calls. `done` comes once that is so; it does not come when the store has failed, or when the
  // partition was lost before.
  virtual void settle(model::Transaction&& transaction, Done done) = 0;
  // Answer to revoking().
  virtual void drained(PartitionId partition) = 0;
  // Lets the stream go; everything settled is durable by then. `done` once, on the shard.
  virtual void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) = 0;
};

// Value. An input with its other two faces, which live as long as it does.
struct BindingInput {
  std::unique_ptr<Input> events;
  Positions& positions;
  InputHealth& health;
};

}  // namespace pelton::stream
