// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace pelton::kafka {

// Value. How long a question to the brokers may block, and what makes its answer useless before
// that. The client library's calls cannot be interrupted: a question is asked in turns of at most a
// second, and is over soon after nobody waits for it.
class Patience {
 public:
  using Over = std::function<bool()>;  // any thread

  // Without `over`: until the time has passed.
  Patience(std::chrono::milliseconds time, Over over = {})  // NOLINT(google-explicit-constructor)
      : time_(time), over_(std::move(over)) {}

  std::chrono::milliseconds time() const { return time_; }
  bool over() const { return over_ && over_(); }
  // The same question with less time.
  Patience within(std::chrono::milliseconds time) const { return {std::min(time, time_), over_}; }
  // ... and with more.
  Patience longer(std::chrono::milliseconds by) const { return {time_ + by, over_}; }

  // Calls ask(milliseconds) until answered(what it returns), the time has passed or it is over; at
  // least once.
  template <typename Ask, typename Answered>
  auto in_turns(Ask ask, Answered answered) const {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + time_;
    for (auto turn = kFirstTurn;; turn = kTurn) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
      const auto time = over() ? std::chrono::milliseconds(0) : std::min(turn, left);
      auto answer = ask(static_cast<int>(std::max(time, std::chrono::milliseconds(0)).count()));
      if (answered(answer) || Clock::now() >= deadline || over()) return answer;
    }
  }

 private:
  static constexpr std::chrono::milliseconds kFirstTurn{500};
  static constexpr std::chrono::milliseconds kTurn{1'000};

  std::chrono::milliseconds time_;
  Over over_;
};

}  // namespace pelton::kafka
