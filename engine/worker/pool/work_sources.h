// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/frame_sizer.h"
#include "engine/worker/pool/frame_source.h"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace pelton::worker {

// The sources of a function's frames: whose turn it is, how large the next frame of each should be,
// and how many workers have frames of each. Asks no source for more than its concurrency allows.
// Shard-confined.
class WorkSources {
 public:
  using Index = std::size_t;
  struct Pulled {
    model::Frame frame;
    Index source = 0;
  };

  // The sources outlive this.
  explicit WorkSources(std::vector<FrameSource*> sources);

  // True when a worker that has no frame would get one.
  bool has_work();
  // The next frame for a worker. `second`: it has a frame already, and a slow source gives none.
  std::optional<Pulled> pull(WorkerId worker, bool second);
  // A frame of that source is not with the worker any more.
  void released(WorkerId worker, Index source);
  // `events` events of that source took `time`.
  void measured(Index source, std::uint32_t events, FrameSizer::Time time);
  // True: a second frame of this source would only wait at its worker.
  bool slow(Index source) const { return entries_[source].sizer.slow(); }
  // See FrameSizer::take_frames_whole.
  void take_frames_whole(FrameSizer::Time timeout);

  Status finished(Index source, WorkerId worker, FrameId frame, model::FrameResult&& result) {
    return entries_[source].source->finished(worker, frame, std::move(result));
  }
  // To every source.
  void lost(WorkerId worker, const model::WorkerLoss& loss);

 private:
  struct Entry {
    FrameSource* source;
    FrameSizer sizer;
    std::map<WorkerId, std::uint32_t> holders;  // workers with frames of it: how many
  };
  static bool allows(const Entry& entry, WorkerId worker);

  std::vector<Entry> entries_;
  Index next_ = 0;  // whose turn it is
};

}  // namespace pelton::worker
