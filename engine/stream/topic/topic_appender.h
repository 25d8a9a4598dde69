// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/produce/producer.h"
#include "engine/store/store.h"
#include "engine/stream/appender.h"

#include <cstddef>
#include <memory>

namespace pelton::stream {

// Appends to a topic: durable once all replicas in sync have acknowledged every event. While the
// brokers are away, or the topic takes nothing, events wait. Thread-safe.
//
// `done` with an error: some events are in the topic, others were refused as they are (E6106, for
// example too large); whoever sends the batch again sends all of it again.
class TopicAppender final : public Appender {
 public:
  // The producer is shared with the bindings that write to the topic. The store, which has the
  // positions, lives longer. `most_bytes`: on their way at a time, but a single batch always goes.
  TopicAppender(std::shared_ptr<kafka::Producer> producer, store::Store& store,
                std::size_t most_bytes);
  // overloaded (E5009): enough is on its way.
  Status append(model::BatchPtr batch, std::vector<model::LedgerWrite> position, Done done,
                std::chrono::steady_clock::time_point deadline) override;

 private:
  class Pot;

  // Shared with the bindings that write to the topic.
  const std::shared_ptr<kafka::Producer> producer_;
  store::Store& store_;
  // Shared with what is answered after this is gone.
  const std::shared_ptr<Pot> pot_;
};

}  // namespace pelton::stream
