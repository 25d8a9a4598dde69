// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/frame.h"
#include "engine/model/records.h"

#include <cstdint>
#include <map>

namespace pelton::runtime {

// What the end of each event of a binding leaves in a stream, in the transaction in which it ends:
// of one that is done, in place of the function's outputs; of a dead letter, beside it. The
// binding's frames have one event each. Shard-confined.
class CallEndings {
 public:
  virtual ~CallEndings() = default;

  // The binding begins to run.
  virtual void start() {}
  // What happens to frames.
  void given(WorkerId worker, const model::Frame& frame);
  void finished(FrameId frame, model::FrameResult& result, WallTime now);
  void gave_back(FrameId frame) { under_way_.erase(frame); }
  void lost(WorkerId worker);
  // An operator has moved the binding forward over these events, durably.
  virtual void passed_over(OffsetRange events) { static_cast<void>(events); }
  // Before the transaction is stored.
  virtual void settle(model::Transaction& transaction) = 0;

 protected:
  struct Given {
    WorkerId worker;
    model::BatchPtr event;
    std::uint32_t attempt = 1;
  };

 private:
  // The event is done: `result` has its outputs, and they may be replaced.
  virtual void done(const Given& given, model::FrameResult& result, WallTime now) = 0;

  std::map<FrameId, Given> under_way_;
};

}  // namespace pelton::runtime
