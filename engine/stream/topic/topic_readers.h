// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/stream/access.h"
#include "engine/kafka/options.h"

#include <memory>
#include <string>
#include <thread>
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
  Result<std::shared_ptr<StreamReader>> open(StreamId stream,
                                                   const kafka::TopicOptions& topic);

 private:
  class Desk;
  class Reader;
  struct Open {
    std::shared_ptr<Desk> desk;  // shared with its thread and its reader
    std::thread thread;
  };
  void sweep();

  std::vector<Open> open_;
};

}  // namespace pelton::stream
