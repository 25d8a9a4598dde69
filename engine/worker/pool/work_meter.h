// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/usage.h"
#include "engine/worker/pool/frame_source.h"
#include "engine/worker/pool/worker.h"

#include <chrono>
#include <functional>
#include <utility>

namespace pelton::worker {

// What becomes of a pool's work, as usage that is told to a listener. A source that was removed
// (null) is not charged.
class WorkMeter {
 public:
  using Listener = std::function<void(const FrameSource* source, const model::Usage&)>;

  explicit WorkMeter(Listener listener) : listener_(std::move(listener)) {}
  // A worker is ready after so long.
  void started(std::chrono::nanoseconds time) const {
    model::Usage usage;
    usage.cold_starts = 1;
    usage.starting = time;
    listener_(nullptr, usage);
  }
  void answered(const FrameSource* source, const Step& step) const {
    if (source == nullptr) return;
    model::Usage usage;
    usage.invocations = 1;
    usage.events = step.events;
    usage.failed = step.failed;
    usage.busy = step.took;
    usage.billed_ms =
        static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(step.took).count());
    listener_(source, usage);
  }

 private:
  const Listener listener_;
};

}  // namespace pelton::worker
