// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pelton::cli {

// Resource. Calls that take long, each on a thread of its own, for an owner that waits for several
// things at once. All but the work itself belongs to the owner's thread.
class Background {
 public:
  // What is left to do by the owner.
  using Rest = std::function<void()>;

  Background() = default;
  // Waits for what is under way, and drops what is left of it.
  ~Background() = default;
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // E5024: the system has no descriptor left.
  Status open();
  // Readable while something has ended; -1 before open().
  int fd() const { return ended_.get(); }
  // Runs `work`, which throws nothing, on another thread.
  void begin(std::function<Rest()> work);
  // Does what is left of all that has ended.
  void finish();

 private:
  UniqueFd ended_;
  std::mutex mutex_;
  std::vector<Rest> rests_;            // under mutex_
  std::vector<std::thread::id> ids_;   // under mutex_: of those that have ended
  std::vector<std::jthread> threads_;  // joined before all above goes
};

}  // namespace pelton::cli
