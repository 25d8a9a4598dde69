// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/kafka.h"
#include "engine/config/parts/start.h"
#include "engine/dead_letters/dead_letter_forwarder.h"
#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/consumer.h"
#include "engine/stream/embedded/store_client.h"
#include "engine/stream/input.h"
#include "engine/stream/topic/group_progress.h"
#include "engine/stream/topic/input_trouble.h"
#include "engine/stream/topic/partition_starts.h"
#include "engine/thread/timer.h"

#include <deque>
#include <map>
#include <set>
#include <string>

namespace pelton::stream {

// A Kafka topic: the partitions that the binding's consumer group gives this engine. Settled
// offsets are committed to the group, what is settled beyond them travels in the commit's metadata.
// Retries, dead letters and outputs to embedded streams are in the store before their offset is
// committed; dead letters are in their topic, when they have one. Shard-confined but for the
// constructor and open().
class TopicInput final : public Input, private kafka::ConsumerListener {
 public:
  struct Setup {
    BindingId binding;
    std::string binding_name;
    StreamId stream;
    config::KafkaTopic topic;
    config::KafkaGroup group;
    config::Start start;
    std::uint32_t max_unsettled = 10'000;
    std::uint64_t node = 0;  // of this data folder
  };

  // Interface. Who commits offsets together with outputs (transactional_output.h). Shard-confined.
  class Transactions {
   public:
    virtual ~Transactions() = default;
    // Something that is settled in the partition has outputs that are not committed: its offset
    // must not be without them.
    virtual bool has_uncommitted_outputs(PartitionId partition) const = 0;
    // No commit is running any more.
    virtual void commit_over() = 0;
  };

  TopicInput(Setup setup, store::Store& store, thread::Mailbox& mailbox,
             boost::asio::io_context& io, kafka::PollLoop& loop);

  // Before open(): dead letters go there, not to the store.
  void keep_letters(std::unique_ptr<dead_letters::DeadLetterForwarder> gate) {
    letters_ = std::move(gate);
  }

  Status open(Listener& listener) override;
  void start() override;
  std::vector<PartitionId> partitions() const override;
  std::optional<model::PlacedBatch> next(PartitionId partition, Offset from) override;
  void settle(model::Transaction&& transaction, Done done) override;
  void seek(PartitionId partition, Offset offset, Done done) override;
  void bounds(std::optional<WallTime> time,
              std::function<void(Result<std::vector<Bounds>>)> answer) override;
  void drained(PartitionId partition) override;
  Trouble trouble() const override;
  bool room() const override { return !letters_ || letters_->room(); }
  std::uint64_t letters_elsewhere() const override {
    return letters_ ? letters_->kept(setup_.binding) : 0;
  }
  Offset end(PartitionId partition) const override;
  std::optional<WallTime> time_at(PartitionId partition, Offset offset) override;
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) override;

  // ---- for transactions (topic_input_transactions.cpp)
  // Before open().
  void commit_with(Transactions& transactions) {
    transactions_ = &transactions;
    // Of outputs that are committed nothing may be forgotten.
    progress_.require_all_ranges();
  }
  const std::string& topic() const { return setup_.topic.topic; }
  kafka::Consumer& consumer() { return *consumer_; }
  // Numbers the times that a partition is ours; 0: it is not at the moment.
  Tenure tenure(PartitionId partition) const { return progress_.tenure(partition); }
  // Calls `then` once what was settled so far is in the store and in the positions.
  void after_stored(std::function<void()> then);
  // What is settled of the partition can be told in a commit's metadata, whole.
  bool fits(PartitionId partition) const { return progress_.fits(partition); }
  bool committing() const { return progress_.committing(); }
  struct Taken {
    std::vector<kafka::OffsetCommit> positions;
    std::vector<kafka::Consumer::Tenure> tenures;  // of each
  };
  // The positions to commit, of those partitions that may be. Unless empty on_committed() has to
  // follow. Not while one is committing().
  Taken take_positions(const std::function<bool(PartitionId)>& may);
  void on_committed(Status status);
  // The brokers took no metadata of that length: less is sent from now on.
  void shorten_metadata();
  // Whether a commit of which nothing is known has happened.
  void was_committed(Taken taken, std::function<void(bool)> answer);
  // Delivers again what is not committed.
  void rewind(PartitionId partition);

 private:
  using Beginning = PartitionStarts::Beginning;

  // What was fetched of a partition that is ours.
  struct Fetched {
    Offset end = 0;
    OffsetRange gap;  // no records are there
    std::deque<model::PlacedBatch> ahead;
  };
  // Partitions that another member gets.
  struct Handover {
    std::set<PartitionId> draining;    // have something with workers
    std::vector<PartitionId> leaving;  // all of them
    thread::Timer limit;               // of their time, and of that of stop()
  };

  model::StreamPartition at(PartitionId partition) const { return {setup_.stream, partition}; }

  // The rest of seek(), once the store has it.
  void moved(PartitionId partition, Offset offset, const Done& done);

  // ---- from the consumer, on the loop's thread
  void assigning(kafka::GroupFacts group, std::uint64_t round) override;
  void waiting(std::optional<Error> why) override;
  void fetched(PartitionId partition, Tenure tenure, Offset base, model::BatchPtr batch,
               Offset end) override;
  void end_moved(PartitionId partition, Offset end) override;
  void passed(PartitionId partition, Tenure tenure, Offset from, Offset to) override;
  void revoking(std::vector<PartitionId> partitions) override;
  void lost(std::vector<PartitionId> partitions) override;
  void committed(std::uint64_t id, Status status) override;
  void metadata_too_long(std::uint64_t id) override;
  void trouble(const Error& error) override;
  void closed() override;

  // ---- assignments (topic_input_assign.cpp)
  void take(const std::vector<kafka::PartitionFacts>& facts, std::uint64_t round);
  void begin(std::uint64_t round, const std::vector<Beginning>& beginnings);
  void let_go(const std::vector<PartitionId>& partitions);
  void finish_revoke();

  // ---- commits (topic_input_commit.cpp)
  void write(std::uint64_t number, model::Transaction&& transaction);
  void stored(std::uint64_t number);
  void behind_letters(std::function<void()> then);
  // Unless one is under way, whose answer or the next tick will see to it.
  void commit();
  void leave(bool was_committed);
  void keep_buried(model::Transaction& transaction);
  // Tells the dispatcher, in order, of every settlement that is complete.
  void complete();
  void tick();

  const Setup setup_;
  StoreClient lane_;
  std::unique_ptr<dead_letters::DeadLetterForwarder>
      letters_;  // null: dead letters are the store's
  thread::Mailbox& mailbox_;
  kafka::PollLoop& loop_;
  Listener* listener_ = nullptr;
  Transactions* transactions_ = nullptr;
  std::unique_ptr<kafka::Consumer> consumer_;
  kafka::MetadataCodec codec_;  // before progress_, which asks it
  GroupProgress progress_;
  PartitionStarts starts_;
  std::map<PartitionId, Fetched> fetched_;    // of each partition in progress_
  std::map<std::uint64_t, Done> unanswered_;  // by settlement
  std::uint64_t round_ = 0;  // of the assignment at hand, whose partitions may be decided one by
                             // one; 0: none
  std::uint64_t commits_ = 0;
  Handover handover_;
  bool last_commit_ = false;  // of a revoke or the end: when answered, let go
  thread::Timer ticker_;
  InputTrouble trouble_;
  std::function<void()> stopped_;
};

}  // namespace pelton::stream
