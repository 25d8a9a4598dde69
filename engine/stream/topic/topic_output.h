// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/produce/producer.h"
#include "engine/stream/output.h"
#include "engine/thread/owned_mailbox.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::stream {

// Outputs to a topic, at least once: acknowledged there before the dispatcher hears of the result
// that made them.
class TopicOutput final : public Output {
 public:
  // The mailbox lives longer; the producer is shared with others that write to the topic.
  TopicOutput(std::shared_ptr<kafka::Producer> producer, thread::Mailbox& mailbox)
      : producer_(std::move(producer)), mailbox_(mailbox) {}

  bool room() const override { return bytes_ < kMostOutputBytes; }
  void send(Result&& result) override;
  void settled() override {}  // offsets are the input's to commit
  std::string trouble() const override { return producer_->trouble(); }

 private:
  // Shared with others that write to the topic.
  const std::shared_ptr<kafka::Producer> producer_;
  thread::OwnedMailbox mailbox_;
  std::size_t bytes_ = 0;  // on their way
};

// Turns the events of refused outputs into failures, their other outputs dropped. For send().
void fail_refused(model::FrameResult& result, const std::vector<kafka::Refused>& refused);

}  // namespace pelton::stream
