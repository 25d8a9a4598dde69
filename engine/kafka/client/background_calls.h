// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <vector>

namespace pelton::kafka {

// Calls that block for a while, each on a short-lived thread of its own. Any thread.
class BackgroundCalls {
 public:
  using Call = std::move_only_function<void()>;

  BackgroundCalls() = default;
  ~BackgroundCalls() { finish(); }
  BackgroundCalls(const BackgroundCalls&) = delete;
  BackgroundCalls& operator=(const BackgroundCalls&) = delete;

  // Returns at once; after finish(), when the call has run.
  void run(Call call);
  // Waits for all calls. One that repeats something looks at finishing() and ends.
  void finish();
  bool finishing() const { return finishing_; }

 private:
  std::atomic<bool> finishing_{false};
  std::mutex mutex_;
  std::vector<std::future<void>> running_;  // guarded by mutex_; their destructors wait
};

}  // namespace pelton::kafka
