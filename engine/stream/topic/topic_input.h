// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/dead_letters/dead_letter_forwarder.h"
#include "engine/kafka/options.h"
#include "engine/stream/input.h"
#include "engine/stream/topic/consumer_relay.h"
#include "engine/stream/topic/partition_assignment.h"
#include "engine/stream/topic/topic_positions.h"

#include <memory>
#include <string>

namespace pelton::stream {

// A Kafka topic: the partitions that the binding's consumer group gives this engine. Settled
// offsets are committed to the group, what is settled beyond them travels in the commit's metadata.
// Retries, dead letters and outputs to embedded streams are in the store before their offset is
// committed; dead letters are in their topic, when they have one. Shard-confined but for the
// constructor and open().
//
// This class only connects the parts: each of them has a header of its own.
class TopicInput final : public Input, public InputHealth {
 public:
  struct Setup {
    BindingId binding;
    std::string binding_name;
    StreamId stream;
    kafka::TopicOptions topic;
    kafka::GroupOptions group;
    config::Start start;
    std::uint32_t max_unsettled = 10'000;
    std::uint64_t node = 0;  // of this data folder
    MemoryBudget* memory = nullptr;
    std::shared_ptr<kafka::FetchBudget> fetches = std::make_shared<kafka::FetchBudget>(16U << 20);
    std::string sink{};  // the connector whose binding it is; empty: of none
  };

  TopicInput(Setup setup, store::Store& store, thread::Mailbox& mailbox,
             boost::asio::io_context& io, kafka::PollLoop& loop);
  ~TopicInput() override;

  // ---- before open()
  // Dead letters go there, not to the store.
  void keep_letters(std::shared_ptr<dead_letters::DeadLetterForwarder> letters) {
    settlements_.keep_letters(std::move(letters));
  }
  // What outputs in transactions work with; offsets are committed with them.
  struct Shared {
    const std::string& topic;
    const GroupProgress& progress;
    Settlements& settlements;
    OffsetCommitter& commits;
    PartitionAssignment& assignment;
    const TopicLinks& links;
  };
  Shared commit_with(OffsetCommitter::Transactions& transactions);

  Status open(Listener& listener) override;
  void start() override;
  // Reads nothing: the consumer fetches.
  std::optional<model::PlacedBatch> next(PartitionId partition, Offset from, Reads) override {
    return records_.next(partition, from);
  }
  void taken(PartitionId partition, Offset to) override { records_.taken(partition, to); }
  // What is taken of it, the consumer replaces.
  Stock stock(PartitionId) const override { return Stock::empty; }
  void settle(model::Transaction&& transaction, Done done) override {
    settlements_.settle(std::move(transaction), std::move(done));
  }
  void drained(PartitionId partition) override { assignment_.drained(partition); }
  void stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) override {
    assignment_.leave(deadline, std::move(done));
  }

  Trouble trouble() const override;
  bool room() const override;
  std::uint64_t letters_elsewhere() const override;

  Positions& positions() { return positions_; }

 private:
  FetchedRecords::Hooks record_hooks();
  void stored(bool commit_due);

  const Setup setup_;
  StoreClient store_;
  kafka::PollLoop& loop_;
  TopicLinks links_;
  InputTrouble trouble_;
  kafka::MetadataCodec codec_;  // before progress_, which asks it
  GroupProgress progress_;
  PartitionStarts starts_;
  FetchedRecords records_;
  Settlements settlements_;
  OffsetCommitter commits_;
  PartitionAssignment assignment_;
  TopicPositions positions_;
  ConsumerRelay relay_;
  std::unique_ptr<kafka::Consumer> consumer_;
};

}  // namespace pelton::stream
