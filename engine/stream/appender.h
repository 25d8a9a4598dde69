// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/model/batch.h"
#include "engine/model/records.h"

#include <chrono>
#include <functional>
#include <vector>

namespace pelton::stream {

// Interface. Where events from outside enter a stream, spread over its partitions as Kafka's
// default partitioner spreads them. Implemented for embedded streams (embedded_appender.h) and for
// Kafka topics (topic_appender.h). Thread-safe.
class Appender {
 public:
  // Called once, on any thread: done means durable. It may come before append() returns.
  using Done = std::move_only_function<void(Status)>;

  virtual ~Appender() = default;

  // Takes the batch, waiting for room until the deadline. When refused, `done` is not called and
  // nothing of the batch is in the stream: overloaded, or unavailable once the store has failed.
  // `position` is durable before `done` is called: on an embedded stream in the same write as the
  // batch, on a topic in a write after the topic has acknowledged it.
  virtual Status append(model::BatchPtr batch, std::vector<model::LedgerWrite> position, Done done,
                        std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace pelton::stream
