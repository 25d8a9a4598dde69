// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/dead_letter_index.h"
#include "engine/kafka/consume/raw_reader.h"
#include "engine/kafka/options.h"
#include "engine/kafka/produce/producer.h"
#include "engine/model/records.h"
#include "engine/thread/job_thread.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace pelton::dead_letters {

// A topic that keeps dead letters, of bindings of this engine and of others. It is written with an
// idempotent producer, all replicas acknowledging; what it holds is known from an index, which
// follows the topic every few seconds and before each answer. "The letters thread" is the JobThread
// that it was given.
class DeadLetterTopic {
 public:
  DeadLetterTopic(const kafka::TopicOptions& topic, std::unique_ptr<kafka::Producer> producer,
                  thread::JobThread& thread);

  // The letters of this binding, from this topic, are ours to show, whichever incarnation of the
  // topic their ids name. Any thread; in effect before what is asked of the letters thread
  // afterwards.
  void add_member(const std::string& binding, BindingId id, const std::string& source);
  // Begins to follow the topic.
  void start();

  // ---- any thread
  const std::string& name() const { return topic_.topic; }
  // `done` on the kafka thread, once each record is acknowledged or refused.
  void write(std::vector<kafka::RawRecord> records, kafka::Producer::Done done);
  // Ends the letters, of one binding, for good: writes a removal beside each copy. Waits while
  // brokers are away. `done` on any thread; invalid: the topic does not take removals.
  using Done = std::move_only_function<void(Status)>;
  void remove(std::vector<model::DeadLetterId> ids, std::string why, Done done);
  // DeadLetters of the binding, as far as known.
  std::uint64_t kept(BindingId binding) const;
  // Why it cannot be written or read at the moment, or does not know all letters; empty: all is
  // well.
  std::string trouble() const;

  // ---- the letters thread; unavailable: brokers are away
  // Reads on to the topic's end. A topic that is not there (yet) holds nothing.
  Status catch_up();
  const DeadLetterIndex& index() const { return index_; }
  // Those of the letters that are still there, in the order of `ids`, each as it failed last.
  Result<std::vector<model::DeadLetter>> letters(std::span<const model::DeadLetterId> ids);
  // The record of a letter's event.
  Result<std::optional<kafka::RawRecord>> original(const model::DeadLetterId& id);
  // Adds what ends the letter, a record beside each of its copies. False: it is not here.
  bool add_removals(const model::DeadLetterId& id, std::string_view why,
                    std::vector<kafka::RawRecord>& into) const;

 private:
  struct Member {
    BindingId id;
    std::string source;  // topic
  };
  struct Position {
    Offset next = 0;
    Offset earliest = 0;
  };

  struct Removal {
    std::vector<model::DeadLetterId> ids;
    std::string why;
    Done done;
  };

  void remove_asked();
  void remove_all(std::vector<Removal> asked);
  void refresh();
  void nudge();
  Status follow(const kafka::Extent& extent);
  Status follow_all();
  void take(const kafka::PlacedRecord& placed);
  const Member* member_of(const std::string& binding, const std::string& source) const;
  Result<std::optional<kafka::RawRecord>> read_at(const model::DeadLetterId& id, LetterPlace at);
  void publish(std::string trouble);

  const kafka::TopicOptions topic_;
  const std::unique_ptr<kafka::Producer> producer_;
  thread::JobThread& thread_;
  std::map<std::string, Member> members_;  // by binding
  std::map<BindingId, std::string> names_;
  // Two: what follows the ends of the partitions would lose its place to what looks letters up.
  kafka::RawReader reader_;
  kafka::RawReader finder_;
  DeadLetterIndex index_;
  std::map<PartitionId, Position> positions_;
  std::atomic<bool> nudged_{false};
  mutable std::mutex mutex_;
  std::vector<Removal> removals_;            // asked for; guarded by mutex_
  std::map<BindingId, std::uint64_t> kept_;  // guarded by mutex_
  std::string trouble_;                      // guarded by mutex_
};

}  // namespace pelton::dead_letters
