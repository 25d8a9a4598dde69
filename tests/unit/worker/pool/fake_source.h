// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/frame_source.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace pelton::worker {

// Frames that wait, and what came of those that were given out.
class FakeSource final : public FrameSource {
 public:
  bool has_work() override { return !waiting.empty(); }
  FrameSourceTraits traits() const override { return {most_workers, whole, waited_for}; }
  std::optional<model::Frame> pull(WorkerId worker, const model::FrameLimits& limits) override;
  Status finished(WorkerId worker, FrameId frame, model::FrameResult&& result) override;
  void gave_back(WorkerId worker, FrameId frame, std::uint32_t first) override;
  void lost(WorkerId worker, const model::WorkerLoss& loss) override;

  std::optional<std::uint32_t> most_workers;
  bool whole = false;
  bool waited_for = false;
  std::uint64_t next = 1;                // the id of its next frame
  std::deque<std::string> waiting;       // data of events to be given out
  std::map<FrameId, std::uint32_t> out;  // frames with workers: events not answered
  std::vector<model::FrameResult> results;
  std::vector<model::WorkerLoss> losses;
  std::vector<std::uint32_t> frame_sizes;
  std::size_t done = 0;       // events answered
  std::size_t came_back = 0;  // events that were given back
  std::size_t pulls = 0;      // how often it was asked for a frame
  std::size_t workers_used() const { return used_.size(); }

 private:
  std::map<FrameId, WorkerId> owner_;
  std::map<FrameId, std::vector<std::string>> given_;
  std::map<WorkerId, int> used_;
};

}  // namespace pelton::worker
