// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/stream.h"
#include "engine/kafka/produce/producer.h"

#include <map>
#include <memory>
#include <string>

namespace pelton::stream {

// One producer for each topic that is written to, shared by all who write to it and gone with the
// last of them. One thread at a time.
class TopicProducers {
 public:
  // The loop lives longer.
  explicit TopicProducers(kafka::PollLoop& loop) : loop_(loop) {}
  // The stream is a topic. A changed one gets a new producer once nobody has the old one. invalid
  // (E6102): the configuration.
  Result<std::shared_ptr<kafka::Producer>> of(const config::Stream& stream);

 private:
  kafka::PollLoop& loop_;
  std::map<std::string, std::weak_ptr<kafka::Producer>> producers_;  // by stream
};

}  // namespace pelton::stream
