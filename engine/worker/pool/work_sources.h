// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/frame_sizer.h"
#include "engine/worker/pool/frame_source.h"
#include "engine/worker/pool/session.h"

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

  // The sources outlive this, or are removed before.
  explicit WorkSources(std::vector<FrameSource*> sources);
  void add(FrameSource& source);
  // Asks it for nothing any more; late answers for its frames are dropped.
  void remove(const FrameSource& source);
  std::optional<Index> find(const FrameSource& source) const;
  // Null: it was removed.
  const FrameSource* at(Index index) const { return entries_[index].source; }

  // True when some worker would get a frame.
  bool any_work();
  // True when a worker that has no frame would get one.
  bool has_work();
  // The next frame for a worker, of at most so many events. `second`: it has enough to do already,
  // and a slow source gives none.
  std::optional<Pulled> pull(WorkerId worker, bool second,
                             std::uint32_t most = FrameSizer::kMaxEvents);
  // A frame of that source is not with the worker any more.
  void released(WorkerId worker, Index source);
  // `events` events of that source took `time`.
  void measured(Index source, std::uint32_t events, FrameSizer::Time time);
  // True: a second frame of this source would only wait at its worker.
  bool slow(Index source) const { return entries_[source].sizer.slow(); }
  // See FrameSizer::take_frames_whole.
  void take_frames_whole(FrameSizer::Time timeout);

  void gave_back(Index source, WorkerId worker, const Tail& tail);
  Status finished(Index source, WorkerId worker, FrameId frame, model::FrameResult&& result);
  void had_begun(Index source, WorkerId worker, FrameId frame);
  // To every source.
  void lost(WorkerId worker, const model::WorkerLoss& loss);
  void cannot_start(const std::string& why);

 private:
  struct Entry {
    FrameSource* source;  // null: removed
    FrameSizer sizer;
    std::map<WorkerId, std::uint32_t> holders;  // workers with frames of it: how many
    bool first = false;
  };
  Entry entry_of(FrameSource& source) const;
  static bool allows(const Entry& entry, WorkerId worker);
  std::optional<Pulled> pull_from(Index index, WorkerId worker, bool second, std::uint32_t most);

  std::vector<Entry> entries_;
  std::optional<FrameSizer::Time> whole_;  // of take_frames_whole
  Index next_ = 0;                         // whose turn it is
};

}  // namespace pelton::worker
