// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/store.h"
#include "tests/simulation/shard/shard_scenario.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pelton::simulation {

// What a function is told of an event, as far as it is looked at.
struct Handed {
  std::uint64_t number = 0;
  std::uint32_t attempt = 1;
};

// Watches a run from outside, as a function, a producer and a reader of the streams see it, and
// knows by itself what must hold.
class ShardHistory {
 public:
  explicit ShardHistory(const ShardScenario& scenario) : scenario_(scenario) {}

  // ---- the producer
  void durable(std::uint64_t number) { durable_.insert(number); }

  // ---- the function: in a process, which has a number that no other ever had
  void begins(int process, const Handed& event);
  // Its answer reached the engine.
  void answered(int process, std::uint64_t number, bool done);
  // A process that has the event ended before it began it: the engine cannot know that, and the
  // event may be blamed.
  void suspected(std::uint64_t number) { ever_begun_.insert(number); }
  // The process is gone, with whatever it had begun or done and not answered.
  void gone(int process);

  // ---- the operator
  void replays(std::uint64_t number) { replayed_.insert(number); }
  // From now on events may be done again, and be done without their turn.
  void seeks() { sought_ = true; }
  // The engine begins again. In good order: everything that was answered was stored.
  void restarted(bool in_order);

  // Against what the store has, once everything is settled.
  void finish(store::Store& store);

  const std::vector<std::string>& violations() const { return violations_; }
  template <typename... Args>
  void violation(fmt::format_string<Args...> text, Args&&... args) {
    violations_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  // How much of what happened, so that it can be seen that the faults do their work.
  struct Seen {
    std::uint64_t invoked = 0, done = 0, letters = 0, processes = 0, lives = 0, renewals = 0,
                  reloads = 0, seeks = 0, replays = 0, given_back = 0, most_at_once = 0;
  };
  Seen seen;

 private:
  // Of events of one stream that are to be in order.
  using Lane = std::pair<std::string, std::string>;

  std::optional<Lane> lane_of(std::uint64_t number) const;
  void check_order(int process, std::uint64_t number);
  void check_outputs(store::Store& store, const std::set<std::uint64_t>& dead);
  std::set<std::uint64_t> letters(store::Store& store);
  bool must_be_dead(std::uint64_t number) const;

  const ShardScenario& scenario_;
  std::set<std::uint64_t> durable_;
  std::map<std::uint64_t, int> with_;  // who has begun it and not answered
  std::set<std::uint64_t> ever_begun_;
  std::set<std::uint64_t> done_;    // answered so, in this life
  std::set<std::uint64_t> stored_;  // done in a life that ended in good order
  std::map<Lane, std::map<int, std::uint64_t>> lane_users_;  // how many begun, by process
  std::map<Lane, std::uint64_t> last_done_;                  // in this life
  std::set<std::uint64_t> replayed_;
  bool sought_ = false;
  std::vector<std::string> violations_;
};

// The data of what a partition has, in order.
std::vector<std::string> stored_texts(store::Store& store, model::StreamPartition at);

// The text of an event's output `j`.
std::string shard_output(std::uint64_t number, std::uint32_t j);

}  // namespace pelton::simulation
