// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dead_letters/dead_letter_topic.h"
#include "engine/kafka/consume/raw_reader.h"
#include "engine/kafka/options.h"
#include "engine/store/store.h"
#include "engine/thread/mailbox.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pelton::dead_letters {

// One binding's way to its dead-letter topic, in front of the store: a transaction passes once its
// letters are acknowledged in the topic, so that no offset moves before. DeadLetters that the topic
// refuses stay in the transaction, which keeps them in the store. Transactions pass in order.
// Shard-confined.
class DeadLetterForwarder : public std::enable_shared_from_this<DeadLetterForwarder> {
 public:
  struct Setup {
    std::string binding;
    kafka::TopicOptions source;
  };
  // `records` runs what asks the source topic; it is not the letters thread, where an operator's
  // long list may be under way. All live longer.
  DeadLetterForwarder(Setup setup, DeadLetterTopic& topic, thread::JobThread& letters,
                      thread::JobThread& records, store::Store& store, thread::Mailbox& mailbox);

  using Next = std::function<void(model::Transaction&&)>;
  // Calls what it is given once all that was passed on is in the store, on the shard.
  using AfterStored = std::function<void(std::function<void()>)>;
  // Before the first pass().
  void read_histories(AfterStored after_stored) { after_stored_ = std::move(after_stored); }
  // `next` gets what is left for the store; at once when nothing has to be waited for.
  void pass(model::Transaction&& transaction, Next next);
  // Whoever passes transactions goes: what is under way is not passed on any more. Its answers find
  // this, which they own together with whoever made it.
  void abandon();
  // False: enough is on its way; until an answer comes, workers are to get nothing more.
  bool room() const { return bytes_ < kMostBytes; }
  // Why letters do not go to the topic at the moment; empty: they do.
  std::string trouble() const;
  // DeadLetters of the binding in the topic, as far as known.
  std::uint64_t kept(BindingId binding) const { return topic_.kept(binding); }

 private:
  static constexpr std::size_t kMostBytes = 64U << 20;

  struct Forwarding {
    std::uint64_t number = 0;
    model::Transaction transaction;
    Next next;
    std::size_t open = 0;     // answers that are still to come
    std::vector<bool> taken;  // of its letters, those in the topic
    std::size_t bytes = 0;
  };
  // A letter whose record has to be read again, or whose earlier attempts have to be read.
  struct Errand {
    std::uint64_t number = 0;  // of its forwarding
    std::size_t index = 0;     // among the forwarding's letters
    model::DeadLetter letter;
    std::optional<model::StreamPartition> history;  // where they are stored
  };

  void begin(Forwarding& forwarding);
  void wait_or_start(Errand&& errand);
  void start(Errand&& errand);
  void forget_attempts(const Forwarding& forwarding);
  void release_behind(std::uint64_t number);
  void begin_removal(Forwarding& forwarding);
  void send(std::uint64_t number, std::vector<std::size_t> which,
            std::vector<kafka::RawRecord> records);
  void answered(std::uint64_t number, const std::vector<std::size_t>& which,
                const std::vector<kafka::Refused>& refused);
  void answered_removal(std::uint64_t number, const Status& status);
  void drain();
  model::Transaction rest_of(Forwarding& forwarding);

  // ---- the records thread
  void run(Errand&& errand);
  void add_history(Errand& errand);
  void from_source(Errand&& errand);
  Result<std::optional<kafka::RawRecord>> read_source(const model::DeadLetter& letter);
  // ---- the letters thread
  void from_topic(Errand&& errand);
  // ---- either
  void deliver(const Errand& errand, std::optional<kafka::RawRecord> original);

  const Setup setup_;
  DeadLetterTopic& topic_;
  thread::JobThread& letters_;
  thread::JobThread& records_;
  store::Store& store_;
  thread::Mailbox& mailbox_;
  kafka::RawReader source_;              // the records thread's
  std::atomic<std::size_t> errands_{0};  // that the records thread has
  std::deque<Forwarding> waiting_;
  AfterStored after_stored_;
  // Of what is waiting: events with an attempt to be stored, and which forwarding has the latest.
  std::map<std::pair<PartitionId, Offset>, std::uint64_t> attempts_;
  std::multimap<std::uint64_t, Errand> behind_;  // errands that wait until a forwarding has passed
  std::uint64_t numbers_ = 0;
  std::size_t bytes_ = 0;                 // of the letters on their way
  std::string refused_;                   // why the newest letter is not in the topic; empty: it is
  std::uint64_t refused_forwarding_ = 0;  // the newest with a refusal
};

}  // namespace pelton::dead_letters
