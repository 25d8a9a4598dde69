// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/produce/producer.h"
#include "engine/store/store.h"
#include "engine/stream/access.h"
#include "engine/stream/topic/topic_readers.h"
#include "engine/thread/mailbox.h"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace pelton::stream {

// What an operator appends to and reads of streams that are topics: what is produced goes through a
// producer of its own, what is consumed through readers that are in no group. Streams that it had a
// moment ago are unavailable (E5040).
class TopicAccess final : public Access {
 public:
  // Both live longer; requests are timed on the mailbox's thread, by its `io`. `most_bytes`: of
  // requests on their way, but a single one always goes.
  TopicAccess(kafka::PollLoop& loop, thread::Mailbox& mailbox, boost::asio::io_context& io,
              std::size_t most_bytes = 64U << 20)
      : loop_(loop), mailbox_(mailbox), io_(io), most_bytes_(most_bytes) {}

  // These are the streams from now on; the store has them. Any thread.
  void set(std::span<const config::Stream> streams, const store::Store& store);
  bool has(const std::string& stream) const { return find(stream) != nullptr; }

  // Shared as Access says.
  Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) override;
  // Answered once each event is acknowledged by all replicas in sync, or refused. invalid (E6106):
  // some were refused, the others are in the topic; overloaded (E5009): too much is on its way;
  // unavailable (E5041): no answer in time, they may still be written.
  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<Produced>> answer) override;

 private:
  class Request;
  struct Topic {
    config::Stream stream;
    StreamId id;
    std::shared_ptr<kafka::Producer> producer;  // once something is produced
  };
  // Shared with a request that is under way while the streams change.
  std::shared_ptr<Topic> find(std::string_view stream) const;
  Result<std::shared_ptr<kafka::Producer>> producer_of(Topic& topic);

  kafka::PollLoop& loop_;
  thread::Mailbox& mailbox_;
  boost::asio::io_context& io_;
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Topic>, std::less<>> topics_;  // guarded by mutex_
  TopicReaders readers_;
  // On their way. Shared with what is answered after this is gone.
  const std::shared_ptr<std::atomic<std::size_t>> bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace pelton::stream
