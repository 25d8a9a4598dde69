// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/stream/access.h"
#include "engine/stream/embedded/embedded_access.h"
#include "engine/stream/embedded/embedded_kind.h"
#include "engine/stream/embedded/embedded_streams.h"
#include "engine/stream/topic/topic_access.h"
#include "engine/stream/topic/topic_kind.h"

#include <memory>
#include <span>
#include <string>

namespace pelton::stream {

// The streams of the config: the place that asks of what kind each of them is. Methods: one thread
// at a time, but for those of Access.
class Streams final : public Access {
 public:
  // All live longer.
  struct Setup {
    store::Store& store;
    MemoryBudget& memory;
    // Of the shard.
    thread::Mailbox& mailbox;
    boost::asio::io_context& io;
    thread::JobThread& reader;
    AppendFeed& appends;

    kafka::PollLoop& kafka;
    dead_letters::DeadLetters& letters;
  };
  explicit Streams(const Setup& setup);

  // These are the streams that can be connected from now on; the store has them.
  void set(std::span<const config::Stream> streams);
  // The operator reads and writes these: once what was connected is in service.
  void publish(std::span<const config::Stream> streams) { topics_.set(streams, store_); }

  // invalid (E6102): a topic's settings; and the store's errors.
  Result<Connections> connect(const Route& route);
  Result<AppendTarget> append_target(const config::Stream& stream);

  void sample(WallTime now) { embedded_.sample(now); }
  void report(observe::StatusReport& report) const { embedded_.report(report); }

  // ---- Access
  void produce(const std::string& stream, model::BatchPtr events,
               std::optional<std::uint32_t> partition,
               Answer<std::vector<Produced>> answer) override;
  // Shared as Access says.
  Result<std::shared_ptr<StreamReader>> reader(const std::string& stream) override;

 private:
  StreamKind& kind_of(const config::Stream& stream);
  Access& access_of(const std::string& stream);

  store::Store& store_;
  kafka::PollLoop& kafka_;
  EmbeddedStreams embedded_;
  EmbeddedKind embedded_kind_;
  TopicKind topic_kind_;
  EmbeddedAccess embedded_access_;
  TopicAccess topics_;
};

// Asks the brokers of a topic for it; any other stream is there. Blocks for some seconds at most.
// invalid, unavailable: no such topic, no rights, no answer.
Status probe(const config::Stream& stream);

}  // namespace pelton::stream
