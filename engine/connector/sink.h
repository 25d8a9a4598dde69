// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/base/ids.h"
#include "engine/base/result.h"
#include "engine/model/batch.h"

namespace pelton::connector {

// What became of one event given to a sink. nullopt-like: no error means done.
struct SinkFailure {
  std::size_t index = 0;  // in the batch
  Error error;            // invalid: dead letter now; everything else: retry with backoff
};

// Where the events of a write stand, so that a sink can name its output stably across retries.
struct SinkPosition {
  std::string_view stream;
  PartitionId partition;
  Offset base = 0;        // event i has offset base + batch.delta(i)
};

// Interface. Writes events to one external system. The host (sink_host.h) calls every method from one thread;
// order, retries, backoff and dead letters are the dispatcher's.
class Sink {
 public:
  virtual ~Sink() = default;

  // As Source::connect.
  virtual Status connect() = 0;

  // Writes the events durably, in order; returning means they are (all but the failures listed). After the
  // first failure of a key its later events in the batch are not written and listed as failed with
  // `overloaded`. An error instead of a list: nothing is known of any of them, connect again and retry.
  virtual Result<std::vector<SinkFailure>> write(const model::Batch& batch,
                                                 const SinkPosition& position) = 0;

  virtual void close() = 0;
};

}  // namespace pelton::connector
