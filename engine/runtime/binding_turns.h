// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/runtime/memory_turns.h"
#include "engine/stream/input.h"

#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace pelton::runtime {

// When the partitions of one binding may read while memory is short: in turns with one another, so
// that the binding reads only when nothing else of it is ready, and with those of all bindings.
// Shard-confined.
class BindingTurns final : public MemoryTurns::Taker {
 public:
  // All live longer.
  struct Setup {
    MemoryTurns* all;  // null: there is no limit
    const dispatch::Dispatcher& dispatcher;
    const stream::Input& input;
  };
  // Called when a partition, or every one, may read; not to be done within the call.
  struct Hooks {
    std::function<void(PartitionId)> one;
    std::function<void()> every;
  };
  BindingTurns(const Setup& setup, Hooks hooks) : setup_(setup), hooks_(std::move(hooks)) {}
  ~BindingTurns() override;
  BindingTurns(const BindingTurns&) = delete;
  BindingTurns& operator=(const BindingTurns&) = delete;

  // ---- within the binding
  // The partition waits until nothing else of the binding is ready.
  void later(PartitionId partition) { later_.insert(partition); }
  bool waiting() const { return !later_.empty(); }
  // The one to be fed now, if any.
  std::optional<PartitionId> next();

  // ---- among all bindings
  // What may be read for the partition, which wants something; nothing: it has to wait, and is
  // called.
  std::optional<stream::Reads> may_read(PartitionId partition);
  // Partitions that have their turn: review them after whatever may have changed.
  std::vector<PartitionId> given() const;
  // Whether the partition still needs its turn; not when it does not go on (is not to be read).
  void review(PartitionId partition, bool goes_on);

 private:
  void your_turn(PartitionId partition) override { hooks_.one(partition); }
  void room_again() override { hooks_.every(); }

  const Setup setup_;
  const Hooks hooks_;
  std::set<PartitionId> later_;
  PartitionId last_;  // that was fed of them
};

}  // namespace pelton::runtime
