// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/config/parts/delivery.h"
#include "engine/model/batch.h"

#include <span>
#include <string>
#include <vector>

namespace pelton::connector {

// What became of one event given to a sink. nullopt-like: no error means done.
struct SinkFailure {
  std::size_t index = 0;  // in the batch
  // invalid: dead letter now. overloaded: held back by an earlier failure of its lane. unavailable:
  // retry with backoff, no attempt used up. Everything else: retry with backoff.
  Error error;
};

// Where the events of a write stand, so that a sink can name its output stably across retries.
struct SinkPosition {
  std::string_view stream;
  PartitionId partition;
  Offset base = 0;                         // event i has offset base + batch.delta(i)
  model::Order order = model::Order::key;  // what a failure holds back (lane_guard.h)
  // Names the sink, the stream with its incarnation and the partition, "bills/.../3/": with an
  // offset behind it no other event ever has that name. Empty for the event of a dead letter that
  // is replayed...
  std::string_view lineage{};
  // ... whose whole name this is.
  std::string_view letter{};
  // Events below it do not come again unless the binding is moved back; durable.
  Offset settled = 0;
};

// Interface. Writes events to one external system. The host (sink_host.h) calls every method from
// one thread; order, retries, backoff and dead letters are the dispatcher's.
class Sink {
 public:
  virtual ~Sink() = default;

  // As Source::connect.
  virtual Status connect() = 0;

  // Writes the events durably, in order; returning means they are (all but the failures listed,
  // ascending). After the first failure of a lane its later events in the batch are not written and
  // listed as failed with `overloaded`; LaneGuard says which. An error instead of a list: nothing
  // is known of any of them. The host connects again and repeats the write, so writing an event
  // twice must do no harm.
  virtual Result<std::vector<SinkFailure>> write(const model::Batch& batch,
                                                 const SinkPosition& position) = 0;

  virtual void close() = 0;

  // From another thread, at any time: the host stops. A write or connect() at hand ends soon, done
  // or not.
  virtual void hurry() {}
};

}  // namespace pelton::connector
