// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/connector/ledger.h"
#include "engine/model/batch.h"

#include <chrono>
#include <functional>
#include <span>

namespace pelton::connector {

// Interface. Where a source's events go: the runtime spreads them over the partitions of its stream
// and hands them to the store. Called on the source's thread; one source, one appender.
class StreamAppender {
 public:
  // Called once, on any thread: done means durable. It may come before append() returns.
  using Committed = std::move_only_function<void(Status)>;

  virtual ~StreamAppender() = default;

  // Takes the batch, waiting for room until the deadline. When refused, `committed` is not called
  // and nothing of the batch is stored: overloaded, or unavailable once the store has failed.
  // `position`: as Read::position (source.h).
  virtual Status append(model::BatchPtr batch, std::span<const LedgerEntry> position,
                        Committed committed, std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace pelton::connector
