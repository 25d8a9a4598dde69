// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/letter_topic.h"
#include "engine/store/store.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace pelton::runtime {

// The engine's dead-letter topics, and the threads that wait for their brokers. Without a topic
// there is no thread.
class Letters {
 public:
  explicit Letters(kafka::PollLoop& loop) : loop_(loop) {}

  // The topic, made at first sight. Before start().
  Result<LetterTopic*> topic(const config::KafkaTopic& topic);
  void start();
  // What its threads were asked is not answered any more.
  void stop();

  // Where topics are asked for letters; null: there is no topic.
  JobThread* thread() { return topics_.empty() ? nullptr : &thread_; }
  // Where source topics are asked for records.
  JobThread& records() { return records_; }

 private:
  struct Known {
    config::KafkaTopic config;
    std::unique_ptr<LetterTopic> topic;
  };

  kafka::PollLoop& loop_;
  JobThread thread_;
  JobThread records_;
  std::vector<Known> topics_;
};

// Visits the binding's letters in the order of their ids, from `after` on, until `visit` answers
// false: those of the store, and those of its topic (null: it has none; else on the letters thread,
// and as the topic was when it was last caught up with). A letter that is in both is visited once,
// as it failed last.
Status visit_letters(store::Store& store, LetterTopic* topic, BindingId binding,
                     std::optional<store::DeadLetterId> after,
                     const std::function<bool(const store::DeadLetter&)>& visit);

// One letter by the same rules; nothing: it is not there.
Result<std::optional<store::DeadLetter>> find_letter(store::Store& store, LetterTopic* topic,
                                                     const store::DeadLetterId& id);

}  // namespace pelton::runtime
