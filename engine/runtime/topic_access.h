// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/http/admin/streams.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/produce/producer.h"
#include "engine/runtime/shard.h"
#include "engine/runtime/topic_readers.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace pelton::runtime {

// The admin API's way to streams that are topics: what is produced goes through a producer of its
// own, what is consumed through readers that are in no group. Called on the http thread.
class TopicAccess {
 public:
  TopicAccess(kafka::PollLoop& loop, Shard& shard) : loop_(loop), shard_(shard) {}

  // Before the server starts.
  void add(const config::Stream& stream, StreamId id) {
    topics_.insert_or_assign(stream.name, Topic{stream, id, {}});
  }
  bool has(const std::string& stream) const { return topics_.contains(stream); }

  // Shared as http::Streams says.
  Result<std::shared_ptr<http::StreamReader>> reader(const std::string& stream);
  // Answered once each event is acknowledged by all replicas in sync, or refused. invalid (E6106):
  // some were refused, the others are in the topic; overloaded (E5009): too much is on its way;
  // unavailable (E6101): no answer in time, they may still be written.
  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition, Answer<std::vector<http::Produced>> answer);

 private:
  class Request;
  struct Topic {
    config::Stream stream;
    StreamId id;
    std::unique_ptr<kafka::Producer> producer;  // once something is produced
  };
  Result<kafka::Producer*> producer_of(Topic& topic);

  kafka::PollLoop& loop_;
  Shard& shard_;
  std::map<std::string, Topic, std::less<>> topics_;
  TopicReaders readers_;
  // On their way. Shared with what is answered after this is gone.
  const std::shared_ptr<std::atomic<std::size_t>> bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace pelton::runtime
