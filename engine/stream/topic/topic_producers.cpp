// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_producers.h"

namespace pelton::stream {

Result<std::shared_ptr<kafka::Producer>> TopicProducers::of(const config::Stream& stream) {
  std::weak_ptr<kafka::Producer>& known = producers_[stream.name];
  if (auto producer = known.lock()) return producer;
  auto made = kafka::Producer::create(kafka::topic_of(stream), loop_);
  if (!made) return std::unexpected(std::move(made.error()).within("stream " + stream.name));
  // Shared by all who write to the topic.
  std::shared_ptr<kafka::Producer> producer = std::move(*made);
  known = producer;
  return producer;
}

}  // namespace pelton::stream
