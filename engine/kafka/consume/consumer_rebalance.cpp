// SPDX-License-Identifier: Apache-2.0
// Assignments: what the group gives and takes.
#include "engine/kafka/consume/consumer_impl.h"

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

bool Consumer::Impl::cooperative() const {
  const char* protocol = rd_kafka_rebalance_protocol(client_);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

Partitions Consumer::Impl::list_of(const std::vector<PartitionId>& partitions) const {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (PartitionId partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), setup_.topic.c_str(),
                                      static_cast<std::int32_t>(partition.value));
  return list;
}

void Consumer::Impl::complain(rd_kafka_error_t* error, const char* what) {
  const KafkaError owned(error);
  if (owned)
    listener_.trouble(
        {ErrorKind::unavailable, "E6101",
         fmt::format("{} of {}: {}", what, setup_.topic, rd_kafka_error_string(owned.get()))});
}

void Consumer::Impl::on_rebalance(rd_kafka_event_t* event) {
  auto partitions = partitions_in(rd_kafka_event_topic_partition_list(event));
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    assigned(std::move(partitions));
  else
    revoked(std::move(partitions));
}

// The client waits for our assign(), which needs to know where to begin: the brokers are asked on a
// thread of its own, because that blocks.
void Consumer::Impl::assigned(std::vector<PartitionId> partitions) {
  lookup_.next_round();
  assign_due_ = true;
  if (closing_) return begin(lookup_.round(), {});
  unbegun_.insert(partitions.begin(), partitions.end());
  if (unbegun_.empty()) return begin(lookup_.round(), {});
  lookup_.start({unbegun_.begin(), unbegun_.end()});
}

void Consumer::Impl::on_answers(GroupFacts&& group) {
  for (PartitionFacts& fact : group.facts) {
    const auto part = parts_.find(fact.partition);
    fact.refused = part != parts_.end() && part->second.ended;
  }
  listener_.assigning(std::move(group), lookup_.round());
}

// Partitions that stayed through a rebalance (cooperative) are asked for again.
void Consumer::Impl::look_up_rest() {
  std::vector<PartitionId> rest(unbegun_.begin(), unbegun_.end());
  for (const auto& [partition, part] : parts_)
    if (part.broken) rest.push_back(partition);
  lookup_.start(std::move(rest));
  lookup_.rest();
}

void Consumer::Impl::read_again(PartitionId partition) {
  const auto part = parts_.find(partition);
  if (part != parts_.end() && !std::exchange(part->second.broken, true)) lookup_.start({partition});
}

void Consumer::Impl::open_queue(const ReadFrom& start) {
  Part& part = parts_[start.partition];
  part.tenure = start.tenure;
  part.ahead = 0;
  part.next = start.offset;
  part.idle = start.idle;
  part.broken = false;
  if (part.queue) return;
  part.queue.reset(rd_kafka_queue_get_partition(client_, setup_.topic.c_str(),
                                                static_cast<std::int32_t>(start.partition.value)));
  rd_kafka_queue_forward(part.queue.get(), nullptr);
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(part.queue.get(), loop_.wake_handle(), &one, sizeof one);
}

void Consumer::Impl::begin(std::uint64_t round, const std::vector<ReadFrom>& starts) {
  if (lookup_.round() != round) return;
  std::vector<PartitionId> fresh;
  for (const ReadFrom& start : starts) {
    if (assigned_.contains(start.partition)) {
      seek(start);
      continue;
    }
    open_queue(start);
    fresh.push_back(start.partition);
  }
  // Only partitions that were ours: the client waits for no assign() then.
  if (!fresh.empty() || assign_due_) assign(fresh);
  look_up_rest();
}

// The first of a round answers the client; what comes later is added to it.
void Consumer::Impl::assign(const std::vector<PartitionId>& fresh) {
  const bool first = std::exchange(assign_due_, false);
  assigned_.insert(fresh.begin(), fresh.end());
  for (PartitionId partition : fresh) unbegun_.erase(partition);
  if (cooperative() || first) return assign_from_next(fresh, "taking partitions");
  assign_from_next({assigned_.begin(), assigned_.end()}, "taking partitions");
}

void Consumer::Impl::assign_from_next(const std::vector<PartitionId>& partitions,
                                      const char* doing) {
  const Partitions list = list_of(partitions);
  for (int i = 0; i < list->cnt; ++i)
    list->elems[i].offset =
        parts_[PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)}].next;
  if (cooperative())
    complain(rd_kafka_incremental_assign(client_, list.get()), doing);
  else if (const auto error = rd_kafka_assign(client_, list.get());
           error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, fmt::format("{} of {}", doing, setup_.topic)));
}

void Consumer::Impl::seek(const ReadFrom& start) {
  if (!assigned_.contains(start.partition)) return;
  open_queue(start);
  Part& part = parts_[start.partition];
  if (part.ended) return start.idle ? void() : restart(part, start.partition);
  const auto error = rd_kafka_seek(topic_.get(), static_cast<std::int32_t>(start.partition.value),
                                   start.offset, 0);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, "moving in " + setup_.topic));
}

// A partition whose position was out of range, from part.next on. The client ends its fetcher then,
// and only a new assignment starts another.
void Consumer::Impl::restart(Part& part, PartitionId partition) {
  if (!revoking_.empty()) {
    part.broken = true;  // asked for again once the client has its partitions back
    return;
  }
  part.ended = false;
  const std::vector<PartitionId> all =
      cooperative() ? std::vector{partition}
                    : std::vector<PartitionId>(assigned_.begin(), assigned_.end());
  if (cooperative())
    complain(rd_kafka_incremental_unassign(client_, list_of(all).get()), "restarting partitions");
  assign_from_next(all, "restarting partitions");
}

void Consumer::Impl::revoked(std::vector<PartitionId> partitions) {
  lookup_.next_round();
  assign_due_ = false;
  const bool lost = rd_kafka_assignment_lost(client_) != 0;
  leaving_ = std::move(partitions);
  // Also those whose assigning() was not answered yet: the listener may be about to.
  if (lost || closing_ || leaving_.empty()) {
    drop_pending("the partitions are another member's");
    listener_.lost(leaving_);
    return unassign(leaving_);
  }
  revoking_.insert(leaving_.begin(), leaving_.end());
  listener_.revoking(leaving_);
}

void Consumer::Impl::release(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) revoking_.erase(partition);
  if (revoking_.empty() && !leaving_.empty()) unassign(leaving_);
}

void Consumer::Impl::unassign(std::vector<PartitionId> partitions) {
  std::vector<PartitionId> ours;
  for (PartitionId partition : partitions) {
    if (assigned_.erase(partition) != 0) ours.push_back(partition);
    parts_.erase(partition);
    unbegun_.erase(partition);
  }
  leaving_.clear();
  revoking_.clear();
  if (cooperative()) {
    const Partitions list = list_of(ours);
    complain(rd_kafka_incremental_unassign(client_, list.get()), "giving partitions back");
  } else {
    assigned_.clear();
    parts_.clear();
    unbegun_.clear();
    rd_kafka_assign(client_, nullptr);
  }
  look_up_rest();
}

}  // namespace pelton::kafka
