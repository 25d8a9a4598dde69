// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/group_client.h"
#include "engine/kafka/consume/partition_queues.h"

#include <chrono>
#include <optional>
#include <vector>

namespace pelton::kafka {

// The commits of a member, one at a time, and when each may go. The loop's thread.
class OffsetCommits {
 public:
  OffsetCommits(GroupClient& client, const PartitionQueues& queues, CommitListener& listener)
      : client_(client), queues_(queues), listener_(listener) {}

  // Answered by committed(id). Positions of partitions that went away meanwhile are left out.
  void commit(std::uint64_t id, std::vector<OffsetCommit> positions);
  // One that waits for its moment is answered as failed.
  void drop(const char* why);
  // The member that we are, for a transaction. unavailable (E6107): a tenure is over.
  Result<GroupMetadata> membership(const std::vector<Consumer::Tenure>& tenures);

  void on_answer(rd_kafka_event_t* event);
  void on_statistics(rd_kafka_event_t* event);

 private:
  struct Pending {
    std::uint64_t id = 0;
    std::vector<OffsetCommit> positions;
    std::chrono::steady_clock::time_point since;
  };
  void send(std::uint64_t id, const std::vector<OffsetCommit>& positions);

  GroupClient& client_;
  const PartitionQueues& queues_;
  CommitListener& listener_;
  std::optional<Pending> pending_;  // until the statistics say that the member is not joining
};

}  // namespace pelton::kafka
