// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <string>

namespace pelton::kafka {

// Thread-safe. What keeps records from going to a topic at the moment: one sentence for status,
// and one line in the log when it comes and when it goes, however often the client repeats itself.
class Trouble {
 public:
  explicit Trouble(std::string topic) : topic_(std::move(topic)) {}

  // Empty: it is over.
  void say(std::string sentence);
  void over() {
    if (troubled_) say({});
  }
  std::string text() const;

 private:
  const std::string topic_;
  std::atomic<bool> troubled_{false};
  mutable std::mutex mutex_;
  std::string sentence_;  // guarded by mutex_
};

}  // namespace pelton::kafka
