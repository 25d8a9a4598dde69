// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/consume/consumer.h"
#include "engine/kafka/consume/group_lookup.h"
#include "engine/kafka/records/record_decoder.h"

#include <map>
#include <set>

namespace pelton::kafka {

// On the loop's thread but for what says otherwise. consumer.cpp: events, fetching;
// consumer_commit.cpp: commits; consumer_rebalance.cpp: assignments.
class Consumer::Impl : public std::enable_shared_from_this<Consumer::Impl> {
 public:
  Impl(Setup setup, PollLoop& loop, ConsumerListener& listener);
  ~Impl();

  Status open();  // any thread, first
  void forget();  // any thread, last: no lookup runs on
  PollLoop& loop() { return loop_; }
  GroupLookup& lookup() { return lookup_; }
  void subscribe();
  void begin(std::uint64_t round, const std::vector<ReadFrom>& starts);
  void seek(const ReadFrom& start);
  void read_again(PartitionId partition);
  void taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes);
  void commit(std::uint64_t id, std::vector<OffsetCommit> positions);
  Result<GroupMetadata> membership(const std::vector<Tenure>& tenures);
  void release(const std::vector<PartitionId>& partitions);
  void close();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Part {
    std::uint64_t tenure = 0;
    Queue queue;
    std::size_t ahead = 0;  // bytes fetched and not taken
    Offset end = -1;
    Offset next = 0;      // to be fetched
    bool idle = false;    // not read until seek()
    bool broken = false;  // out of range: the brokers are asked where it may go on
    bool ended = false;   // ... and the client has ended its fetcher, which no seek starts again
  };

  // A commit that waits for its moment (on_statistics).
  struct PendingCommit {
    std::uint64_t id = 0;
    std::vector<OffsetCommit> positions;
    SteadyTime since;
  };

  bool serve();
  bool serve_events();
  void on_event(rd_kafka_event_t* event);
  void on_rebalance(rd_kafka_event_t* event);
  void on_commit(rd_kafka_event_t* event);
  void on_statistics(rd_kafka_event_t* event);
  void send(std::uint64_t id, const std::vector<OffsetCommit>& positions);
  void drop_pending(const char* why);
  void refresh_token();
  std::size_t most_ahead() const;
  bool fetch(PartitionId partition, Part& part);
  void hand_over(PartitionId partition, Part& part, Offset base);
  void on_message_error(PartitionId partition, Part& part, const rd_kafka_message_t& message);
  void tell_ends();
  void tell_end(PartitionId partition, Offset end);
  void ask_ends();

  void assigned(std::vector<PartitionId> partitions);
  void revoked(std::vector<PartitionId> partitions);
  void unassign(std::vector<PartitionId> partitions);
  void on_answers(GroupFacts&& group);
  void look_up_rest();
  void open_queue(const ReadFrom& start);
  void restart(Part& part, PartitionId partition);
  void assign(const std::vector<PartitionId>& fresh);
  void assign_from_next(const std::vector<PartitionId>& partitions, const char* doing);
  bool cooperative() const;
  Partitions list_of(const std::vector<PartitionId>& partitions) const;
  void complain(rd_kafka_error_t* error, const char* what);

  const Setup setup_;
  PollLoop& loop_;
  ConsumerListener& listener_;
  GroupLookup lookup_;
  RecordDecoder reader_;
  model::BatchBuilder builder_;
  rd_kafka_t* client_ = nullptr;
  Queue queue_;  // the group's: everything but records
  TopicHandle topic_;
  std::map<PartitionId, Part> parts_;
  std::set<PartitionId> assigned_;    // by us to the client
  std::set<PartitionId> unbegun_;     // the group's to us, not begun
  std::set<PartitionId> revoking_;    // wait for release()
  std::vector<PartitionId> leaving_;  // the revoke at hand
  bool assign_due_ = false;           // the client waits for our assign()
  bool token_missing_ = false;        // asked for, and not had
  std::optional<PendingCommit> pending_;
  SteadyTime ends_told_{};
  SteadyTime ends_asked_{};
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace pelton::kafka
