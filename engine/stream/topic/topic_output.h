// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/produce/producer.h"
#include "engine/model/outputs.h"
#include "engine/stream/output.h"
#include "engine/thread/owned_mailbox.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::stream {

// Outputs to topics, at least once: acknowledged there before the dispatcher hears of the result
// that made them. Those of a result that are for other streams are the dispatcher's.
class TopicOutput final : public Output {
 public:
  using Producers = std::vector<std::shared_ptr<kafka::Producer>>;
  // A producer, shared with others that write to the topic, for each of `streams` that is one; null
  // for the others. The mailbox lives longer.
  TopicOutput(Producers producers, std::vector<model::OutputStream> streams,
              thread::Mailbox& mailbox)
      : producers_(std::move(producers)), streams_(std::move(streams)), mailbox_(mailbox) {}

  bool room() const override { return bytes_ < kMostOutputBytes; }
  void send(Result&& result) override;
  void settled() override {}  // offsets are the input's to commit
  std::string trouble() const override;

 private:
  // A result whose outputs are on their way.
  struct Sending {
    Result result;
    std::size_t bytes = 0;
    std::size_t open = 1;  // answers that are still to come, and send() while it runs
    std::vector<kafka::Refused> refused{};
  };
  void answered(Sending& sending, const std::vector<kafka::Refused>& refused,
                const std::vector<std::uint32_t>& positions);
  void close(Sending& sending);

  const Producers producers_;
  const std::vector<model::OutputStream> streams_;
  thread::OwnedMailbox mailbox_;
  std::size_t bytes_ = 0;  // on their way
};

// Turns the events of refused outputs into failures, their other outputs dropped. For send().
void fail_refused(model::FrameResult& result, const std::vector<kafka::Refused>& refused);

}  // namespace pelton::stream
