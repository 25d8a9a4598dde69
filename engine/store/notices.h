// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace pelton::store {

// Thread-safe. Sentences for the operator's log on their way to whoever listens.
class Notices {
 public:
  using Listener = std::function<void(const std::string&)>;

  // What was said before is said again, on the caller's thread.
  void listen(Listener listener) {
    std::unique_lock lock(mutex_);
    listener_ = std::move(listener);
    const Listener now = listener_;
    const auto early = std::exchange(early_, {});
    lock.unlock();
    for (const std::string& sentence : early) now(sentence);
  }
  void say(const std::string& sentence) {
    std::unique_lock lock(mutex_);
    const Listener now = listener_;
    if (!now && early_.size() < kMostEarly) early_.push_back(sentence);
    lock.unlock();
    if (now) now(sentence);
  }

  // The same sentence is not said again until another one was.
  void say_once(const std::string& sentence) {
    std::unique_lock lock(mutex_);
    if (std::exchange(last_, sentence) == sentence) return;
    lock.unlock();
    say(sentence);
  }

 private:
  static constexpr std::size_t kMostEarly = 16;  // kept until somebody listens

  std::mutex mutex_;
  Listener listener_;               // guarded by mutex_
  std::vector<std::string> early_;  // guarded by mutex_
  std::string last_;                // guarded by mutex_, of say_once()
};

}  // namespace pelton::store
