// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/partition_assignment.h"

#include "engine/observe/log.h"

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

PartitionAssignment::PartitionAssignment(Setup setup, Parts parts, boost::asio::io_context& io)
    : setup_(std::move(setup)), parts_(parts), limit_(io) {
  parts_.commits.on_answer([this](bool done) { commit_answered(done); });
}

// ---- what the group gives

void PartitionAssignment::assigning(kafka::GroupFacts group, std::uint64_t round) {
  round_ = round;
  parts_.codec.learn(group.cluster, group.topic_id, group.original_partitions);
  // What an earlier tenure has settled must be in the store before the store is asked.
  parts_.settlements.after_stored([this, group = std::move(group), round] {
    if (round_ == round) take(group, round);
  });
}

void PartitionAssignment::take(const kafka::GroupFacts& group, std::uint64_t round) {
  for (const kafka::PartitionFacts& fact : group.facts)
    // Ours already: its position is gone from the topic.
    if (parts_.progress.tenure(fact.partition) != 0) let_go({fact.partition});
  // Before anything of the folder is looked at: what is there may be another topic's.
  const Status known = identify(group);
  std::vector<Decision> decisions = parts_.starts.decide(group.facts);
  model::Transaction transaction;
  const Status written = known ? parts_.starts.write_untrusted(decisions, transaction) : known;
  if (!written) {
    for (Decision& decision : decisions) decision.stopped = written.error();
    return begin(round, decisions);
  }
  if (transaction.empty()) return begin(round, decisions);
  parts_.store.submit(std::move(transaction), [this, round, decisions](Status status) {
    if (status) begin(round, decisions);
  });
}

Status PartitionAssignment::identify(const kafka::GroupFacts& group) const {
  if (group.cluster.empty()) return {};
  const auto known = parts_.store.store().identify(
      setup_.stream, fmt::format("{}/{}/{}", group.cluster, setup_.topic, group.topic_id));
  return known ? Status{} : std::unexpected(known.error());
}

void PartitionAssignment::begin(std::uint64_t round, const std::vector<Decision>& decisions) {
  if (round_ != round) return;  // revoked meanwhile
  parts_.trouble.over();
  const Incarnation stream = parts_.store.store().incarnation(setup_.stream);
  std::vector<kafka::Consumer::ReadFrom> starts;
  std::vector<PartitionId> taken;
  for (const Decision& decision : decisions) {
    starts.push_back(begin_one(decision, stream));
    taken.push_back(decision.start.partition);
  }
  observe::log::info("partitions assigned",
                     {{"binding", setup_.binding}, {"partitions", in_words(taken)}});
  parts_.links.consumer->begin(round, std::move(starts));
  parts_.commits.commit();
}

kafka::Consumer::ReadFrom PartitionAssignment::begin_one(const Decision& decision,
                                                         Incarnation stream) {
  const PartitionId partition = decision.start.partition;
  model::Restored restored = decision.start.restored;
  restored.stream = stream;
  const bool idle = decision.stopped.has_value();
  const Offset settled = restored.progress.settled;
  const Tenure tenure = parts_.progress.begin(decision.start);
  parts_.records.begin(partition, idle ? decision.end : std::max(decision.end, settled));
  parts_.links.listener->assigned(partition, restored);
  if (idle) parts_.links.listener->stopped(partition, *decision.stopped);
  return {partition, tenure, idle ? decision.end : settled, idle};
}

void PartitionAssignment::waiting(std::optional<Error> why) {
  parts_.trouble.waiting(why);
}

void PartitionAssignment::trouble(const Error& error) {
  if (error.kind != ErrorKind::corrupt) return parts_.trouble.say(error);
  // Another member has this one's place, and its partitions.
  parts_.trouble.end(error);
  round_ = 0;
  let_go(parts_.progress.partitions());
}

// ---- what it takes

void PartitionAssignment::let_go(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) {
    parts_.links.listener->revoked(partition);
    parts_.progress.end(partition);
    parts_.records.forget(partition);
    draining_.erase(partition);
  }
  parts_.settlements.complete();
}

void PartitionAssignment::rewind(PartitionId partition) {
  if (parts_.progress.tenure(partition) == 0) return;
  let_go({partition});
  parts_.links.consumer->read_again(partition);
}

void PartitionAssignment::lost(std::vector<PartitionId> partitions) {
  round_ = 0;
  if (left_ || partitions.empty()) return;
  observe::log::warn("partitions were lost: the session with the group ended",
                     {{"binding", setup_.binding}, {"partitions", in_words(partitions)}});
  let_go(partitions);
  leaving_.clear();
  limit_.cancel();
}

void PartitionAssignment::revoking(std::vector<PartitionId> partitions) {
  round_ = 0;
  if (left_) return parts_.links.consumer->release(std::move(partitions));
  leaving_ = partitions;
  draining_.insert(partitions.begin(), partitions.end());
  limit_.after(setup_.drain, [this] { drain_is_over(); });
  for (PartitionId partition : partitions) parts_.links.listener->revoking(partition);
  parts_.commits.commit();
}

void PartitionAssignment::drain_is_over() {
  observe::log::warn(
      "kafka.drain is over: the next owner delivers again the events that workers still have",
      {{"binding", setup_.binding},
       {"partitions", in_words({draining_.begin(), draining_.end()})}});
  draining_.clear();
  finish_revoke();
}

void PartitionAssignment::drained(PartitionId partition) {
  if (draining_.erase(partition) != 0 && draining_.empty()) finish_revoke();
}

// Everything has settled, or the time is over: what is settled is committed once more, then the
// partitions go.
void PartitionAssignment::finish_revoke() {
  limit_.cancel();
  observe::log::info("partitions go to another member",
                     {{"binding", setup_.binding}, {"partitions", in_words(leaving_)}});
  for (PartitionId partition : leaving_) parts_.links.listener->revoked(partition);
  last_commit_ = true;
  parts_.commits.commit();
  if (!parts_.commits.committing()) parts_.commits.answered({});
}

// Of a last commit: one try for what has settled meanwhile, then away.
void PartitionAssignment::commit_answered(bool done) {
  if (!last_commit_) return;
  if (done && parts_.progress.uncommitted()) {
    parts_.commits.commit();
    if (parts_.commits.committing()) return;
  }
  last_commit_ = false;
  if (!leaving_.empty()) {
    const auto leaving = std::exchange(leaving_, {});
    for (PartitionId partition : leaving) {
      parts_.progress.end(partition);
      parts_.records.forget(partition);
    }
    parts_.settlements.complete();
    parts_.links.consumer->release(leaving);
  }
  if (left_) parts_.links.consumer->close();
}

// ---- the end

void PartitionAssignment::leave(std::chrono::steady_clock::time_point deadline,
                                std::function<void()> done) {
  left_ = std::move(done);
  const auto left =
      std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
  limit_.after(std::max<Duration>(left, std::chrono::seconds(2)), [this] { closed(); });
  last_commit_ = true;
  parts_.commits.commit();
  if (!parts_.commits.committing()) parts_.links.consumer->close();
}

void PartitionAssignment::closed() {
  parts_.commits.stop();
  limit_.cancel();
  // What the store has not answered yet speaks of us.
  if (auto done = std::exchange(left_, nullptr)) parts_.store.after_all(std::move(done));
}

}  // namespace pelton::stream
