// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/frame.h"
#include "engine/kafka/producer.h"
#include "engine/runtime/mailbox.h"

#include <functional>
#include <string>

namespace pelton::runtime {

// A binding's outputs on their way to a topic: they are acknowledged there before the dispatcher
// hears of the result that made them. Shard-confined.
class KafkaOutput {
 public:
  // Both live longer.
  KafkaOutput(kafka::Producer& producer, Mailbox& mailbox)
      : producer_(producer), mailbox_(mailbox) {}

  // False: enough is on its way; until an answer comes, workers are to get nothing more.
  bool room() const { return bytes_ < kMostBytes; }
  std::string trouble() const { return producer_.trouble(); }

  using Done = std::move_only_function<void(dispatch::FrameResult&&)>;
  // A result with outputs. `done` on the shard, with the events failed whose outputs were refused.
  void send(dispatch::FrameResult&& result, Done done);

 private:
  static constexpr std::size_t kMostBytes = 64U << 20;

  kafka::Producer& producer_;
  Mailbox& mailbox_;
  std::size_t bytes_ = 0;  // on their way
};

// Turns the events of refused outputs into failures, their other outputs dropped. For send().
void fail_refused(dispatch::FrameResult& result, const std::vector<kafka::Refused>& refused);

}  // namespace pelton::runtime
