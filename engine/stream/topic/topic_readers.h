// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/options.h"
#include "engine/stream/access.h"

#include <memory>
#include <string>
#include <vector>

namespace pelton::stream {

// Readers of topics for the admin API: a client and a thread each, so that neither the http thread
// nor a shard waits for brokers. One ends with whoever it was opened for. Called on the http
// thread.
class TopicReaders {
 public:
  static constexpr std::size_t kMost = 16;  // at a time

  TopicReaders() = default;
  ~TopicReaders();  // ends and joins them
  TopicReaders(const TopicReaders&) = delete;
  TopicReaders& operator=(const TopicReaders&) = delete;

  // overloaded (E5009): kMost are open; invalid (E6102).
  Result<std::shared_ptr<StreamReader>> open(StreamId stream, const kafka::TopicOptions& topic);

 private:
  class Client;
  class Reader;

  std::vector<std::shared_ptr<Client>> open_;  // each shared with its reader
};

}  // namespace pelton::stream
