// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/listeners.h"
#include "engine/stream/topic/fetched_records.h"
#include "engine/stream/topic/offset_committer.h"
#include "engine/stream/topic/partition_starts.h"
#include "engine/stream/topic/settlements.h"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace pelton::stream {

// Takes the partitions that the group gives to this engine, and gives them back once what is with
// workers has settled and is committed. Shard-confined.
class PartitionAssignment final : public kafka::GroupListener {
 public:
  struct Setup {
    std::string binding;
    StreamId stream;
    std::string topic;
    Duration drain{};  // what a partition that moves has to settle in
  };
  // What it drives. All live longer.
  struct Parts {
    StoreClient& store;
    kafka::MetadataCodec& codec;
    GroupProgress& progress;
    PartitionStarts& starts;
    FetchedRecords& records;
    Settlements& settlements;
    OffsetCommitter& commits;
    InputTrouble& trouble;
    const TopicLinks& links;
  };
  PartitionAssignment(Setup setup, Parts parts, boost::asio::io_context& io);

  // Something waits for the last commits of partitions that move.
  bool handing_over() const { return !draining_.empty() || !leaving_.empty(); }
  // See Input::drained().
  void drained(PartitionId partition);
  // Delivers again what is not committed.
  void rewind(PartitionId partition);
  // Commits what is settled, then leaves the group: until the deadline, at least for two seconds.
  void leave(std::chrono::steady_clock::time_point deadline, std::function<void()> done);

  // ---- from the consumer, on the shard
  void assigning(kafka::GroupFacts group, std::uint64_t round) override;
  void waiting(std::optional<Error> why) override;
  void revoking(std::vector<PartitionId> partitions) override;
  void lost(std::vector<PartitionId> partitions) override;
  void trouble(const Error& error) override;
  void closed() override;

 private:
  using Decision = PartitionStarts::Decision;

  void take(const kafka::GroupFacts& group, std::uint64_t round);
  // Tells the store which topic the stream is.
  Status identify(const kafka::GroupFacts& group) const;
  void begin(std::uint64_t round, const std::vector<Decision>& decisions);
  kafka::Consumer::ReadFrom begin_one(const Decision& decision, Incarnation stream);
  void let_go(const std::vector<PartitionId>& partitions);
  void drain_is_over();
  void finish_revoke();
  void commit_answered(bool done);

  const Setup setup_;
  const Parts parts_;
  // Of the present assignment, whose partitions may be decided one by one; 0: none.
  std::uint64_t round_ = 0;
  std::set<PartitionId> draining_;    // have something with workers
  std::vector<PartitionId> leaving_;  // all that another member gets
  bool last_commit_ = false;          // of a revoke or the end: when answered, let go
  std::function<void()> left_;        // set once we leave the group
  thread::Timer limit_;               // of the time of partitions that move, and of leave()
};

}  // namespace pelton::stream
