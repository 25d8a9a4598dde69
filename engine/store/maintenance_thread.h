// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace pelton::store {

// The thread of maintenance: rounds at an interval or when asked for, errands in between. Any
// thread, but for start() and stop().
class MaintenanceThread {
 public:
  ~MaintenanceThread() { stop(); }

  // No interval: there is no thread; rounds and errands are done by whoever asks for them.
  void start(std::optional<Duration> interval, std::function<void()> round);
  // The round or errand under way ends first; errands that were not begun are cancelled.
  void stop();
  // A round soon.
  void nudge();
  // Returns when a round that began after the call has ended.
  void run_round();
  // Returns what the errand returns, which runs on the thread.
  Status run(std::function<Status()> errand);

 private:
  struct Errand {
    std::function<Status()> run;
    std::function<void(Status)> done;
  };

  void work(Duration interval);

  std::function<void()> round_;  // once, at start()
  std::mutex mutex_;
  std::condition_variable due_;
  std::condition_variable ended_;
  // guarded by mutex_
  std::vector<Errand> errands_;
  std::uint64_t wanted_ = 0;
  std::uint64_t done_ = 0;
  bool nudged_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pelton::store
