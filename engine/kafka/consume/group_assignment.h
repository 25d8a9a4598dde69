// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/group_client.h"
#include "engine/kafka/consume/group_lookup.h"
#include "engine/kafka/consume/offset_commits.h"
#include "engine/kafka/consume/partition_queues.h"

#include <set>
#include <string>
#include <vector>

namespace pelton::kafka {

// What the group gives to a member and takes from it. Partitions that are given begin once the
// brokers have been asked about them and the listener has said where; those that are taken go once
// it has released them. The loop's thread.
class GroupAssignment {
 public:
  GroupAssignment(GroupClient& client, GroupLookup& lookup, PartitionQueues& queues,
                  OffsetCommits& commits, GroupListener& listener)
      : client_(client), lookup_(lookup), queues_(queues), commits_(commits), listener_(listener) {}

  // ---- the client
  void on_rebalance(rd_kafka_event_t* event);
  // Answers of the lookup.
  void on_facts(GroupFacts&& group);
  // What the topic is now. Another one than before: all partitions are asked for again.
  void on_topic_id(const std::string& id);
  // Those that the group has given to us and that have not begun.
  std::vector<PartitionId> unbegun() const { return {unbegun_.begin(), unbegun_.end()}; }
  bool knows_topic_id() const { return !topic_id_.empty(); }

  // ---- the listener's side: see Consumer
  void begin(std::uint64_t round, const std::vector<Consumer::ReadFrom>& starts);
  void seek(const Consumer::ReadFrom& start);
  void read_again(PartitionId partition);
  void release(const std::vector<PartitionId>& partitions);

  // From now on whatever is given is refused, and whatever is taken goes at once. False: so it was.
  bool close();
  bool closing() const { return closing_; }

 private:
  void assigned(const std::vector<PartitionId>& partitions);
  void revoked(std::vector<PartitionId> partitions);
  void unassign(const std::vector<PartitionId>& partitions);
  void look_up_rest();
  void assign(const std::vector<PartitionId>& fresh);
  void assign_from_next(const std::vector<PartitionId>& partitions, const char* doing);
  void restart(PartitionId partition);
  void complain(rd_kafka_error_t* error, const char* what);

  GroupClient& client_;
  GroupLookup& lookup_;
  PartitionQueues& queues_;
  OffsetCommits& commits_;
  GroupListener& listener_;
  std::set<PartitionId> unbegun_;     // the group's to us, not begun
  std::set<PartitionId> revoking_;    // wait for release()
  std::vector<PartitionId> leaving_;  // all of the present revoke
  std::string topic_id_;              // as a lookup told it last
  bool recreated_ = false;            // the topic was created again since this member began
  bool assign_due_ = false;           // the client waits for our assign()
  bool closing_ = false;
};

}  // namespace pelton::kafka
