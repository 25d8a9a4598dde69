// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/dead_letter_topic.h"
#include "engine/kafka/options.h"
#include "engine/store/store.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace pelton::dead_letters {

// The engine's dead-letter topics, and the threads that wait for their brokers. Without a topic
// there is no thread.
class DeadLetters {
 public:
  explicit DeadLetters(kafka::PollLoop& loop) : loop_(loop) {}

  // The topic, made at first sight. One thread at a time, as start().
  Result<DeadLetterTopic*> topic(const kafka::TopicOptions& topic);
  void start();
  // What its threads were asked is not answered any more.
  void stop();

  // Where letters are looked for, wherever they are kept.
  thread::JobThread* thread() { return &thread_; }
  // Where source topics are asked for records.
  thread::JobThread& records() { return records_; }

 private:
  void begin(DeadLetterTopic& topic);

  struct Known {
    kafka::TopicOptions config;
    std::unique_ptr<DeadLetterTopic> topic;
  };

  kafka::PollLoop& loop_;
  thread::JobThread thread_;
  thread::JobThread records_;
  std::vector<Known> topics_;
  bool started_ = false;
  bool records_started_ = false;
};

// Visits the binding's letters in the order of their ids, from `after` on, until `visit` answers
// false: those of the store, and those of its topic (null: it has none; else on the letters thread,
// and as the topic was when it was last caught up with). A letter that is in both is visited once,
// as it failed last.
Status visit_letters(store::Store& store, DeadLetterTopic* topic, BindingId binding,
                     std::optional<model::DeadLetterId> after,
                     const std::function<bool(const model::DeadLetter&)>& visit);

// How many that would visit, of one partition of the stream or of all; no letter is read from the
// topic for it.
Result<std::uint64_t> count_letters(store::Store& store, const DeadLetterTopic* topic,
                                    BindingId binding, std::optional<PartitionId> partition);

// Those of the binding's letters that are there, in the order of their ids, by the same rules.
Result<std::vector<model::DeadLetter>> find_letters(store::Store& store, DeadLetterTopic* topic,
                                                    std::span<const model::DeadLetterId> ids);

}  // namespace pelton::dead_letters
