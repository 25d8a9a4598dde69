// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>

namespace pelton::kafka {

// Thread-safe. What keeps records from going to a topic, or coming from it, at the moment: one
// sentence for status, and one line in the log when it comes and when it goes, however often the
// client repeats itself, or says several things in turns.
class Trouble {
 public:
  // `over`: the line when it goes.
  explicit Trouble(std::string topic, std::string over = "the brokers take records again")
      : topic_(std::move(topic)), over_(std::move(over)) {}

  // Empty: it is over.
  void say(std::string sentence);
  void over() {
    if (troubled_) say({});
  }
  std::string text() const;

 private:
  const std::string topic_, over_;
  std::atomic<bool> troubled_{false};
  mutable std::mutex mutex_;
  std::string sentence_;        // guarded by mutex_
  std::set<std::string> told_;  // guarded by mutex_; in the log, until it is over
};

}  // namespace pelton::kafka
