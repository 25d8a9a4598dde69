// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace pelton::stream {

// Interface. Where a binding's outputs go when that is a Kafka topic: they are there before their
// events are settled. Implemented at least once (topic_output.h) and in transactions
// (transactional_output.h). Shard-confined.
//
// An output that goes on working after finish(), because it commits what the binding settles, waits
// for settled(): between the two the settlement is on its way from the dispatcher to the input.
class Output {
 public:
  // A worker's answer with outputs, held back by the dispatcher until finish() is called.
  struct Result {
    std::optional<PartitionId> partition;  // of its events; nothing: a dead letter that is replayed
    model::FrameResult result;
    // Its events still wait for it: their partition has not gone.
    std::move_only_function<bool(const model::FrameResult&)> live;
    std::move_only_function<void(model::FrameResult&&)> finish;
  };

  virtual ~Output() = default;
  // False: enough is on its way; until an answer comes, workers are to get nothing more.
  virtual bool room() const = 0;
  // Calls finish() once, with the events failed whose outputs were refused.
  virtual void send(Result&& result) = 0;
  // All that the binding settles because of the calls of finish() so far was given to
  // Input::settle(). Said by the binding at least once after each finish(), never from within it.
  virtual void settled() = 0;
  // What keeps outputs from going at the moment; empty: nothing.
  virtual std::string trouble() const = 0;
};

// Of outputs on their way; about so much memory.
inline constexpr std::size_t kMostOutputBytes = 64U << 20;

}  // namespace pelton::stream
