// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"
#include "engine/stream/appender.h"
#include "engine/stream/embedded/stream_target.h"

#include <memory>

namespace pelton::stream {

// Appends to a stream that the engine keeps: durable once the store has synced it. Thread-safe.
class EmbeddedAppender final : public Appender {
 public:
  // The store lives longer. The target is shared with whoever else appends to the stream, which
  // may leave the config while this is in use.
  EmbeddedAppender(store::Store& store, std::shared_ptr<StreamTarget> target)
      : store_(store), target_(std::move(target)) {}
  Status append(model::BatchPtr batch, std::vector<model::LedgerWrite> position, Done done,
                std::chrono::steady_clock::time_point deadline) override;

 private:
  store::Store& store_;
  // Shared with the streams of the config.
  const std::shared_ptr<StreamTarget> target_;
};

}  // namespace pelton::stream
