// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_assignment.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

std::vector<PartitionId> partitions_in(const rd_kafka_topic_partition_list_t* list) {
  std::vector<PartitionId> partitions;
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    partitions.push_back(PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)});
  std::ranges::sort(partitions);
  return partitions;
}

}  // namespace

void GroupAssignment::complain(rd_kafka_error_t* error, const char* what) {
  const KafkaError owned(error);
  if (owned)
    listener_.trouble({ErrorKind::unavailable, "E6101",
                       fmt::format("{} of {}: {}", what, client_.topic_name(),
                                   rd_kafka_error_string(owned.get()))});
}

void GroupAssignment::on_rebalance(rd_kafka_event_t* event) {
  auto partitions = partitions_in(rd_kafka_event_topic_partition_list(event));
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    assigned(partitions);
  else
    revoked(std::move(partitions));
}

bool GroupAssignment::close() {
  if (std::exchange(closing_, true)) return false;
  lookup_.next_round();
  return true;
}

// The client waits for our assign(), which needs to know where to begin: the brokers are asked on a
// thread of its own, because that blocks.
void GroupAssignment::assigned(const std::vector<PartitionId>& partitions) {
  // A client that is closing takes back what it gives by itself, and may be gone before an answer.
  if (closing_) return;
  lookup_.next_round();
  assign_due_ = true;
  unbegun_.insert(partitions.begin(), partitions.end());
  if (unbegun_.empty()) return begin(lookup_.round(), {});
  lookup_.start({unbegun_.begin(), unbegun_.end()});
}

void GroupAssignment::on_facts(GroupFacts&& group) {
  if (group.topic_id.empty()) group.topic_id = topic_id_;
  recreated_ |= knows_topic_id() && topic_id_ != group.topic_id;
  topic_id_ = group.topic_id;
  for (PartitionFacts& fact : group.facts) {
    fact.refused = queues_.ended(fact.partition);
    fact.added |= recreated_;
  }
  listener_.assigning(std::move(group), lookup_.round());
}

void GroupAssignment::on_topic_id(const std::string& id) {
  if (id.empty() || !knows_topic_id() || id == topic_id_) return;
  for (PartitionId partition : queues_.partitions()) read_again(partition);
}

// Partitions that stayed through a rebalance (cooperative) are asked for again.
void GroupAssignment::look_up_rest() {
  std::vector<PartitionId> rest(unbegun_.begin(), unbegun_.end());
  std::ranges::copy(queues_.gone(), std::back_inserter(rest));
  lookup_.start(std::move(rest));
  lookup_.rest();
}

void GroupAssignment::read_again(PartitionId partition) {
  if (queues_.mark_gone(partition)) lookup_.start({partition});
}

void GroupAssignment::begin(std::uint64_t round, const std::vector<Consumer::ReadFrom>& starts) {
  if (lookup_.round() != round) return;
  std::vector<PartitionId> fresh;
  for (const Consumer::ReadFrom& start : starts) {
    if (queues_.contains(start.partition)) {
      seek(start);
      continue;
    }
    queues_.open(start);
    fresh.push_back(start.partition);
  }
  // Only partitions that were ours: the client waits for no assign() then.
  if (!fresh.empty() || assign_due_) assign(fresh);
  look_up_rest();
}

// The first of a round answers the client; what comes later is added to it.
void GroupAssignment::assign(const std::vector<PartitionId>& fresh) {
  const bool first = std::exchange(assign_due_, false);
  for (PartitionId partition : fresh) unbegun_.erase(partition);
  const bool added = client_.cooperative() || first;
  assign_from_next(added ? fresh : queues_.partitions(), "taking partitions");
}

void GroupAssignment::assign_from_next(const std::vector<PartitionId>& partitions,
                                       const char* doing) {
  const Partitions list = client_.list_of(partitions);
  for (int i = 0; i < list->cnt; ++i)
    list->elems[i].offset =
        queues_.next(PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)});
  if (client_.cooperative())
    complain(rd_kafka_incremental_assign(client_.handle(), list.get()), doing);
  else if (const auto error = rd_kafka_assign(client_.handle(), list.get());
           error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, fmt::format("{} of {}", doing, client_.topic_name())));
}

void GroupAssignment::seek(const Consumer::ReadFrom& start) {
  if (!queues_.contains(start.partition)) return;
  queues_.open(start);
  if (queues_.ended(start.partition)) return start.idle ? void() : restart(start.partition);
  const auto error = rd_kafka_seek(
      client_.topic(), static_cast<std::int32_t>(start.partition.value), start.offset, 0);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, "moving in " + client_.topic_name()));
}

// A partition whose position was out of range, from the place where it was opened.
void GroupAssignment::restart(PartitionId partition) {
  if (!revoking_.empty()) {
    queues_.mark_gone(partition);  // asked for again once the client has its partitions back
    return;
  }
  queues_.restarted(partition);
  const bool alone = client_.cooperative();
  const auto all = alone ? std::vector{partition} : queues_.partitions();
  if (alone)
    complain(rd_kafka_incremental_unassign(client_.handle(), client_.list_of(all).get()),
             "restarting partitions");
  assign_from_next(all, "restarting partitions");
}

void GroupAssignment::revoked(std::vector<PartitionId> partitions) {
  lookup_.next_round();
  assign_due_ = false;
  const bool lost = rd_kafka_assignment_lost(client_.handle()) != 0;
  leaving_ = std::move(partitions);
  // Also those whose assigning() was not answered yet: the listener may be about to.
  if (lost || closing_ || leaving_.empty()) {
    commits_.drop("the partitions are another member's");
    listener_.lost(leaving_);
    return unassign(std::exchange(leaving_, {}));
  }
  revoking_.insert(leaving_.begin(), leaving_.end());
  listener_.revoking(leaving_);
}

void GroupAssignment::release(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) revoking_.erase(partition);
  if (revoking_.empty() && !leaving_.empty()) unassign(std::exchange(leaving_, {}));
}

void GroupAssignment::unassign(const std::vector<PartitionId>& partitions) {
  std::vector<PartitionId> ours;
  for (PartitionId partition : partitions) {
    if (queues_.contains(partition)) ours.push_back(partition);
    queues_.close(partition);
    unbegun_.erase(partition);
  }
  leaving_.clear();
  revoking_.clear();
  if (client_.cooperative()) {
    complain(rd_kafka_incremental_unassign(client_.handle(), client_.list_of(ours).get()),
             "giving partitions back");
  } else {
    queues_.clear();
    unbegun_.clear();
    rd_kafka_assign(client_.handle(), nullptr);
  }
  look_up_rest();
}

}  // namespace pelton::kafka
