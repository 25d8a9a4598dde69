// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/memory_budget.h"
#include "engine/dead_letters/dead_letters.h"
#include "engine/stream/connections.h"
#include "engine/stream/topic/topic_input.h"
#include "engine/stream/topic/topic_producers.h"

#include <cstdint>
#include <memory>

namespace pelton::stream {

// Kafka topics: read as a member of a consumer group, written by producers that all bindings share
// or, exactly once, by transactions of one's own.
class TopicKind final : public StreamKind {
 public:
  // All live longer.
  struct Setup {
    store::Store& store;
    MemoryBudget& memory;
    thread::Mailbox& mailbox;
    boost::asio::io_context& io;
    kafka::PollLoop& kafka;
    dead_letters::DeadLetters& letters;
  };
  explicit TopicKind(const Setup& setup)
      : setup_(setup),
        producers_(setup.kafka),
        fetches_(std::make_shared<kafka::FetchBudget>(setup.memory.limit() / 4, &setup.memory)) {}

  Result<Connections> connect(const Route& route) override;
  // Outputs go to those streams of the route that are topics before their events are settled.
  Status add_output(const Route& route, Connections& connections);
  Result<AppendTarget> append_target(const config::Stream& stream) override;

 private:
  Decode decode_of(const kafka::TopicOptions& topic);
  Result<dead_letters::DeadLetterTopic*> keep_letters(const Route& route, TopicInput& input);
  Result<std::unique_ptr<Output>> transactions_of(const Route& route, std::uint64_t node,
                                                  TopicInput& input);

  const Setup setup_;
  TopicProducers producers_;
  std::shared_ptr<kafka::FetchBudget> fetches_;  // shared with consumers that outlive this
};

}  // namespace pelton::stream
