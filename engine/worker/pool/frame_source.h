// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/model/frame.h"

#include <cstdint>
#include <optional>
#include <string>

namespace pelton::worker {

// Value. How frames of a source are given.
struct FrameSourceTraits {
  // The most workers that may have its frames at a time; absent: as many as there are.
  std::optional<std::uint32_t> concurrency;
  // Each frame is one call of the handler: it is as large as the source's own limits allow.
  bool whole_frames = false;
  // Somebody waits for each frame: it is asked before those that are not.
  bool first = false;
};

// Interface. Where a function's workers get frames and bring their outcomes: a binding. Sources are
// asked in turn, each with frames sized for its own events. Called on the pool's shard; none of
// these may destroy the pool.
class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual bool has_work() = 0;
  virtual FrameSourceTraits traits() const = 0;
  virtual std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) = 0;
  // invalid: the result contradicts its frame; the pool kills the worker and reports it lost.
  virtual Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) = 0;
  // The worker has not begun the events of the frame from `first` on, and will not.
  virtual void gave_back(WorkerId worker, FrameId frame, std::uint32_t first) = 0;
  // Before lost(): the worker had begun something of the frame, whether or not that is to blame.
  virtual void had_begun(WorkerId /*worker*/, FrameId /*frame*/) {}
  // Exactly once for a worker that has frames of any source and will not answer any more.
  virtual void lost(WorkerId worker, const model::WorkerLoss& loss) = 0;
  // No worker runs, and the one that was started for it could not serve: why, with its last lines.
  // Another is started later.
  virtual void cannot_start(const std::string& /*why*/) {}
};

}  // namespace pelton::worker
