// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/group_facts.h"
#include "engine/model/batch.h"

#include <cstdint>
#include <optional>
#include <vector>

// Who a consumer reads for. Called on its loop's thread: post on, do not work here. A partition's
// `tenure` is the number that Consumer::begin() or seek() gave it: what comes of an earlier tenure
// is out of date.
namespace pelton::kafka {

// Interface. The records of the partitions that are ours.
class RecordListener {
 public:
  virtual ~RecordListener() = default;
  virtual void fetched(PartitionId partition, std::uint64_t tenure, Offset base,
                       model::BatchPtr batch, Offset end) = 0;
  virtual void end_moved(PartitionId partition, Offset end) = 0;
  // There are no records in [from, to), and `to` was the end just now: marks of transactions, and
  // what they took back.
  virtual void passed(PartitionId partition, std::uint64_t tenure, Offset from, Offset to) = 0;
};

// Interface. The membership in the group, and the client as a whole.
class GroupListener {
 public:
  virtual ~GroupListener() = default;
  // The partitions in `group.facts` are ours once begin() is called for the round. Those that are
  // silent follow in further calls of the same round, once their leaders answer. Also called, with
  // a partition that is ours, when its position is not in the topic any more.
  virtual void assigning(GroupFacts group, std::uint64_t round) = 0;
  // Partitions of ours cannot begin because their leaders do not answer; nothing: they all have.
  virtual void waiting(std::optional<Error> why) = 0;
  // Call release() once what is settled is committed; until then they are still ours. An
  // assigning() that was not answered is off.
  virtual void revoking(std::vector<PartitionId> partitions) = 0;
  // They belong to somebody else already: nothing may be committed.
  virtual void lost(std::vector<PartitionId> partitions) = 0;
  // Brokers away, not authorised. The client keeps trying, except after `corrupt`.
  virtual void trouble(const Error& error) = 0;
  virtual void closed() = 0;
};

// Interface. The answers to Consumer::commit().
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void committed(std::uint64_t id, Status status) = 0;
  // Instead: the brokers take no metadata of this length (offset.metadata.max.bytes).
  virtual void metadata_too_long(std::uint64_t id) = 0;
};

// View. All three; they live at least as long as the consumer.
struct ConsumerListeners {
  RecordListener& records;
  GroupListener& group;
  CommitListener& commits;
};

}  // namespace pelton::kafka
