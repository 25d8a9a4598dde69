// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/pool/zygote_keeper.h"
#include "engine/worker/process/process.h"

#include <functional>
#include <memory>

namespace pelton::worker {

// How a worker's process comes to be: a copy of the function's zygote if there is one, else, or
// when that cannot be done, a process of its own. Then the session is started. Shard-confined.
class WorkerStart {
 public:
  // What is the worker's.
  struct Parts {
    Process& process;
    std::unique_ptr<Session>& session;
    SessionEvents& events;
  };
  // Of a start that takes a moment.
  struct Later {
    std::function<bool()> wanted;         // whether a process of its own is still wanted
    std::function<void(Status)> settled;  // how it went, once; may destroy the worker
  };

  // All that is passed by reference outlives the worker.
  WorkerStart(Parts parts, WorkerSetup setup, const RuntimeSpec& runtime, ZygoteKeeper& zygotes);

  // E3001: the process cannot be started. Else it is, or `later` hears of it.
  Status begin(Later later);
  // The session has been started.
  bool speaks() const { return speaks_; }
  // Once: the worker became ready, or could not.
  void went(bool ready) { zygotes_.started(copied_, ready); }

 private:
  Status alone();
  Status speak();
  void made(const Status& status);

  const Parts parts_;
  const WorkerSetup setup_;
  const RuntimeSpec& runtime_;
  ZygoteKeeper& zygotes_;
  Later later_;
  bool speaks_ = false;
  bool copied_ = false;
};

}  // namespace pelton::worker
