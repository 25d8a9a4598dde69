// SPDX-License-Identifier: Apache-2.0
// Assignments: what the group gives and takes.
#include "engine/kafka/consume/consumer_impl.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

constexpr std::chrono::milliseconds kLookupTimeout{5'000};
constexpr std::chrono::milliseconds kLookupPause{200};

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
  const std::uint64_t round = ++round_;
  assign_due_ = true;
  if (partitions.empty() || closing_) return begin(round, {});
  start_lookup(std::move(partitions), round);
}

void Consumer::Impl::in_background(std::function<void()> work) {
  std::erase_if(lookups_, [](const std::future<void>& lookup) {
    return lookup.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  lookups_.push_back(std::async(std::launch::async, std::move(work)));
}

void Consumer::Impl::start_lookup(std::vector<PartitionId> partitions, std::uint64_t round) {
  in_background([this, round, partitions = std::move(partitions)] { look_up(partitions, round); });
}

void Consumer::Impl::ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
                         std::function<void(Result<std::vector<PartitionFacts>>)> answer) {
  in_background([this, partitions = std::move(partitions), time, answer = std::move(answer)] {
    answer(kafka::look_up(client_, setup_.topic, partitions, time, kLookupTimeout));
  });
}

// On a thread of its own.
void Consumer::Impl::look_up(std::vector<PartitionId> partitions, std::uint64_t round) {
  while (round_ == round) {
    auto facts =
        kafka::look_up(client_, setup_.topic, partitions, setup_.start_time, kLookupTimeout);
    // Weak: the consumer may be gone when the loop comes to it.
    auto self = weak_from_this();
    if (facts) {
      loop_.post([self, round, facts = std::move(*facts)]() mutable {
        const auto impl = self.lock();
        if (impl && impl->round_ == round) impl->listener_.assigning(std::move(facts), round);
      });
      return;
    }
    loop_.post([self, error = facts.error()] {
      if (const auto impl = self.lock()) impl->listener_.trouble(error);
    });
    std::this_thread::sleep_for(kLookupPause);
  }
}

// A rebalance makes older answers out of date; partitions that stayed through it (cooperative) are
// asked for again.
void Consumer::Impl::look_up_broken() {
  std::vector<PartitionId> broken;
  for (const auto& [partition, part] : parts_)
    if (part.broken) broken.push_back(partition);
  if (!broken.empty()) start_lookup(std::move(broken), round_);
}

void Consumer::Impl::read_again(PartitionId partition) {
  const auto part = parts_.find(partition);
  if (part != parts_.end() && !std::exchange(part->second.broken, true))
    start_lookup({partition}, round_);
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
  if (round_ != round) return;
  std::vector<PartitionId> fresh;
  std::map<PartitionId, Offset> offsets;
  for (const ReadFrom& start : starts) {
    if (assigned_.contains(start.partition)) {
      seek(start);
      continue;
    }
    open_queue(start);
    fresh.push_back(start.partition);
    offsets[start.partition] = start.offset;
  }
  // Only partitions that were ours: the client waits for no assign() then.
  if (fresh.empty() && !assign_due_) return look_up_broken();
  assign_due_ = false;
  const Partitions list = list_of(fresh);
  for (int i = 0; i < list->cnt; ++i)
    list->elems[i].offset =
        offsets[PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)}];
  assigned_.insert(fresh.begin(), fresh.end());
  if (cooperative()) {
    complain(rd_kafka_incremental_assign(client_, list.get()), "taking partitions");
  } else if (const auto error = rd_kafka_assign(client_, list.get());
             error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    listener_.trouble(to_error(error, "taking partitions of " + setup_.topic));
  }
  look_up_broken();
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
  const Partitions list =
      list_of(cooperative() ? std::vector{partition}
                            : std::vector<PartitionId>(assigned_.begin(), assigned_.end()));
  if (cooperative())
    complain(rd_kafka_incremental_unassign(client_, list.get()), "restarting partitions");
  for (int i = 0; i < list->cnt; ++i)
    list->elems[i].offset =
        parts_[PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)}].next;
  if (cooperative())
    complain(rd_kafka_incremental_assign(client_, list.get()), "restarting partitions");
  else if (const auto error = rd_kafka_assign(client_, list.get());
           error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, "restarting the partitions of " + setup_.topic));
}

void Consumer::Impl::revoked(std::vector<PartitionId> partitions) {
  ++round_;
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
  }
  leaving_.clear();
  revoking_.clear();
  if (cooperative()) {
    const Partitions list = list_of(ours);
    complain(rd_kafka_incremental_unassign(client_, list.get()), "giving partitions back");
  } else {
    assigned_.clear();
    parts_.clear();
    rd_kafka_assign(client_, nullptr);
  }
  look_up_broken();
}

}  // namespace pelton::kafka
