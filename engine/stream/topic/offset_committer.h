// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/listeners.h"
#include "engine/stream/topic/group_progress.h"
#include "engine/stream/topic/input_trouble.h"
#include "engine/stream/topic/settlements.h"
#include "engine/stream/topic/topic_links.h"
#include "engine/thread/owned_mailbox.h"
#include "engine/thread/timer.h"

#include <functional>
#include <string>
#include <vector>

namespace pelton::stream {

// Commits what is settled and stored to the group: at intervals, when much has gathered, when a
// partition is to move, one commit at a time. One that fails is tried again at the next tick. With
// outputs in transactions these offsets are committed with them, by somebody else. Shard-confined.
class OffsetCommitter final : public kafka::CommitListener {
 public:
  struct Setup {
    std::string binding;
    Duration interval{};
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

  // All live longer.
  OffsetCommitter(Setup setup, GroupProgress& progress, kafka::MetadataCodec& codec,
                  Settlements& settlements, InputTrouble& trouble, const TopicLinks& links,
                  thread::Mailbox& mailbox, boost::asio::io_context& io);

  // ---- before start()
  void commit_with(Transactions& transactions);
  // Called after each commit: whether the brokers have it.
  void on_answer(std::function<void(bool)> call) { answer_ = std::move(call); }

  void start() { tick(); }
  void stop() { ticker_.cancel(); }
  // Unless one is under way, whose answer or the next tick will see to it.
  void commit();
  bool committing() const { return progress_.committing(); }

  // ---- for transactions
  struct Taken {
    std::vector<kafka::OffsetCommit> positions;
    std::vector<kafka::Consumer::Tenure> tenures;  // of each
  };
  // The positions to commit, of those partitions that may be. Unless empty answered() has to
  // follow. Not while one is committing().
  Taken take_positions(const std::function<bool(PartitionId)>& may);
  void answered(const Status& status);
  // The brokers took no metadata of that length: less is sent from now on.
  void shorten_metadata();
  // Whether a commit of which nothing is known has happened.
  void was_committed(Taken taken, std::function<void(bool)> answer);

  // ---- from the consumer, on the shard
  void committed(std::uint64_t id, Status status) override;
  void metadata_too_long(std::uint64_t id) override;

 private:
  using Known = Result<std::vector<kafka::OffsetCommit>>;

  void tick();
  bool matches(const Taken& taken, const std::vector<kafka::OffsetCommit>& known) const;

  const Setup setup_;
  GroupProgress& progress_;
  kafka::MetadataCodec& codec_;
  Settlements& settlements_;
  InputTrouble& trouble_;
  const TopicLinks& links_;
  thread::OwnedMailbox mailbox_;
  thread::Timer ticker_;
  Transactions* transactions_ = nullptr;
  std::function<void(bool)> answer_;
  std::uint64_t commits_ = 0;
};

}  // namespace pelton::stream
