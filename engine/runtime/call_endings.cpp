// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/call_endings.h"

#include <utility>

namespace pelton::runtime {

void CallEndings::given(WorkerId worker, const model::Frame& frame) {
  under_way_[frame.id] = {worker, frame.batch, frame.attempts.empty() ? 1 : frame.attempts[0]};
}

void CallEndings::finished(FrameId frame, model::FrameResult& result, WallTime now) {
  const auto at = under_way_.find(frame);
  if (at == under_way_.end()) return;
  const Given given = std::move(at->second);
  under_way_.erase(at);
  if (result.count == 1 && result.not_done.empty()) done(given, result, now);
}

void CallEndings::lost(WorkerId worker) {
  std::erase_if(under_way_, [&](const auto& entry) { return entry.second.worker == worker; });
}

}  // namespace pelton::runtime
