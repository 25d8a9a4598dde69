// SPDX-License-Identifier: Apache-2.0
// Where partitions begin, and how they are given back.
#include "engine/observe/log.h"
#include "engine/stream/topic/topic_input.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

// For the log: "0-3,7".
std::string in_words(std::vector<PartitionId> partitions) {
  std::ranges::sort(partitions);
  std::string words;
  for (std::size_t i = 0; i < partitions.size();) {
    std::size_t last = i;
    while (last + 1 < partitions.size() && partitions[last + 1].value == partitions[last].value + 1)
      ++last;
    words += fmt::format("{}{}", words.empty() ? "" : ",", partitions[i].value);
    if (last > i) words += fmt::format("-{}", partitions[last].value);
    i = last + 1;
  }
  return words;
}

}  // namespace

void TopicInput::assigning(kafka::GroupFacts group, std::uint64_t round) {
  mailbox_.post([this, group = std::move(group), round] {
    round_ = round;
    codec_.learn(group.cluster, group.original_partitions);
    // What an earlier tenure has settled must be in the store before the store is asked.
    behind_letters([this, facts = group.facts, round] {
      lane_.after_all([this, facts, round] {
        if (round_ == round) take(facts, round);
      });
    });
  });
}

void TopicInput::take(const std::vector<kafka::PartitionFacts>& facts, std::uint64_t round) {
  for (const kafka::PartitionFacts& fact : facts)
    // Ours already: its position is gone from the topic.
    if (tenure(fact.partition) != 0) let_go({fact.partition});
  std::vector<Beginning> beginnings = starts_.decide(facts);
  model::Transaction transaction;
  if (auto ok = starts_.write_untrusted(beginnings, transaction); !ok) {
    for (Beginning& beginning : beginnings) beginning.stopped = ok.error();
    return begin(round, beginnings);
  }
  if (transaction.empty()) return begin(round, beginnings);
  lane_.submit(std::move(transaction), [this, round, beginnings](Status status) {
    if (status) begin(round, beginnings);
  });
}

void TopicInput::begin(std::uint64_t round, const std::vector<Beginning>& beginnings) {
  if (round_ != round) return;  // revoked meanwhile
  trouble_.over();
  std::vector<kafka::Consumer::ReadFrom> starts;
  std::vector<PartitionId> taken;
  for (const Beginning& beginning : beginnings) {
    auto [partition, restored, epoch, trusted, commit] = beginning.start;
    restored.stream = lane_.store().incarnation(setup_.stream);
    const bool idle = beginning.stopped.has_value();
    starts.push_back({partition, progress_.begin(beginning.start),
                      idle ? beginning.end : restored.progress.settled, idle});
    const Offset end = idle ? beginning.end : std::max(beginning.end, restored.progress.settled);
    fetched_[partition] = {end, {}, {}};
    listener_->assigned(partition, restored);
    if (idle) listener_->stopped(partition, *beginning.stopped);
    taken.push_back(partition);
  }
  observe::log::info("partitions assigned",
                     {{"binding", setup_.binding_name}, {"partitions", in_words(taken)}});
  consumer_->begin(round, std::move(starts));
  commit();
}

void TopicInput::let_go(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) {
    listener_->revoked(partition);
    progress_.end(partition);
    fetched_.erase(partition);
    handover_.draining.erase(partition);
  }
  complete();
}

void TopicInput::lost(std::vector<PartitionId> partitions) {
  mailbox_.post([this, partitions = std::move(partitions)] {
    round_ = 0;
    if (stopped_ || partitions.empty()) return;
    observe::log::warn("partitions were lost: the session with the group ended",
                       {{"binding", setup_.binding_name}, {"partitions", in_words(partitions)}});
    let_go(partitions);
    handover_.leaving.clear();
    handover_.limit.cancel();
  });
}

void TopicInput::revoking(std::vector<PartitionId> partitions) {
  mailbox_.post([this, partitions = std::move(partitions)] {
    round_ = 0;
    if (stopped_) return consumer_->release(partitions);
    handover_.leaving = partitions;
    handover_.draining.insert(partitions.begin(), partitions.end());
    handover_.limit.after(setup_.group.drain, [this] {
      observe::log::warn(
          "kafka.drain is over: the next owner delivers again what is still with workers",
          {{"binding", setup_.binding_name},
           {"partitions", in_words({handover_.draining.begin(), handover_.draining.end()})}});
      handover_.draining.clear();
      finish_revoke();
    });
    for (PartitionId partition : partitions) listener_->revoking(partition);
    commit();
  });
}

void TopicInput::drained(PartitionId partition) {
  if (handover_.draining.erase(partition) != 0 && handover_.draining.empty()) finish_revoke();
}

// Everything has settled, or the time is over: what is settled is committed once more, then the
// partitions go.
void TopicInput::finish_revoke() {
  handover_.limit.cancel();
  observe::log::info(
      "partitions go to another member",
      {{"binding", setup_.binding_name}, {"partitions", in_words(handover_.leaving)}});
  for (PartitionId partition : handover_.leaving) listener_->revoked(partition);
  last_commit_ = true;
  commit();
  if (!committing()) on_committed({});
}

}  // namespace pelton::stream
