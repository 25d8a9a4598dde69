// SPDX-License-Identifier: Apache-2.0
// Where partitions begin, and how they are given back.
#include "engine/kafka/consume/commit_metadata.h"
#include "engine/kafka/consume/resume_offset.h"
#include "engine/observe/log.h"
#include "engine/stream/topic/topic_input.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

// In the ledger of the store: "<binding>/<partition>" -> epoch.
constexpr const char* kLedger = "kafka-epochs";

std::string epoch_name(const std::string& binding, PartitionId partition) {
  return fmt::format("{}/{}", binding, partition.value);
}

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

void TopicInput::assigning(std::vector<kafka::PartitionFacts> facts, std::uint64_t round) {
  mailbox_.post([this, facts = std::move(facts), round] {
    round_ = round;
    // What an earlier tenure has settled must be in the store before the store is asked.
    behind_letters([this, facts, round] {
      lane_.after_all([this, facts, round] {
        if (round_ == round) take(facts, round);
      });
    });
  });
}

void TopicInput::take(const std::vector<kafka::PartitionFacts>& facts, std::uint64_t round) {
  std::vector<Beginning> beginnings;
  for (const kafka::PartitionFacts& fact : facts) {
    // Ours already: its position is gone from the topic.
    if (tenure(fact.partition) != 0) let_go({fact.partition});
    beginnings.push_back(decide(fact));
  }
  model::Transaction transaction;
  if (auto ok = write_untrusted(beginnings, transaction); !ok) {
    for (Beginning& beginning : beginnings) beginning.stopped = ok.error();
    return begin(round, beginnings);
  }
  if (transaction.empty()) return begin(round, beginnings);
  lane_.submit(std::move(transaction), [this, round, beginnings](Status status) {
    if (status) begin(round, beginnings);
  });
}

// Epochs before any commit names them; a crash in between makes the store's state untrusted, which
// only costs deliveries.
Status TopicInput::write_untrusted(const std::vector<Beginning>& beginnings,
                                   model::Transaction& transaction) {
  std::vector<store::Store::KeyValue> epochs;
  for (const Beginning& beginning : beginnings) {
    const PartitionStart& start = beginning.start;
    if (start.trusted) continue;
    epochs.push_back(
        {epoch_name(setup_.binding_name, start.partition), std::to_string(start.epoch)});
    if (beginning.stopped) continue;
    transaction.progress.push_back({setup_.binding, at(start.partition), start.restored.progress});
    if (auto ok = forget_retries(lane_.store(), setup_.binding, at(start.partition), transaction);
        !ok)
      return ok;
  }
  return epochs.empty() ? Status{} : lane_.store().ledger_put(kLedger, epochs);
}

Result<Offset> TopicInput::resume(const kafka::PartitionFacts& facts) const {
  auto resume =
      kafka::resume_offset({setup_.start, setup_.group.out_of_range}, facts, facts.committed);
  if (!resume) {
    resume.error().message += ": seek the binding, or set kafka.out_of_range";
    return std::unexpected(std::move(resume).error());
  }
  if (resume->moved)
    observe::log::warn(
        "the committed offset is no longer in the topic; reading continues elsewhere",
        {{"binding", setup_.binding_name},
         {"partition", std::to_string(facts.partition.value)},
         {"offset", std::to_string(*facts.committed)},
         {"to", std::to_string(resume->offset)}});
  return resume->offset;
}

TopicInput::Beginning TopicInput::decide(const kafka::PartitionFacts& facts) {
  Beginning beginning;
  beginning.end = facts.end;
  GroupCommit commit{facts.partition, 0, facts.committed, std::nullopt, facts.end};
  const auto offset = resume(facts);
  if (!offset) beginning.stopped = offset.error();
  commit.resume = offset ? *offset : *facts.committed;
  if (offset && facts.committed) commit.metadata = kafka::decode(facts.metadata, *facts.committed);
  auto known = local(commit);
  if (!known) beginning.stopped = known.error();
  beginning.start =
      progress_.decide(commit, known ? std::move(*known) : LocalProgress{}, random_number());
  return beginning;
}

Result<LocalProgress> TopicInput::local(const GroupCommit& commit) {
  LocalProgress local;
  if (!progress_.needs_local(commit)) return local;
  auto epoch = lane_.store().ledger_get(kLedger, epoch_name(setup_.binding_name, commit.partition));
  if (!epoch) return std::unexpected(epoch.error());
  if (*epoch && **epoch == std::to_string(commit.metadata->epoch))
    local.epoch = commit.metadata->epoch;
  auto progress = lane_.store().cursor(setup_.binding, at(commit.partition));
  if (!progress) return std::unexpected(progress.error());
  auto retries = lane_.store().retries(setup_.binding, at(commit.partition));
  if (!retries) return std::unexpected(retries.error());
  local.progress = std::move(*progress);
  local.retries = std::move(*retries);
  return local;
}

void TopicInput::begin(std::uint64_t round, const std::vector<Beginning>& beginnings) {
  if (round_ != round) return;  // revoked meanwhile
  recovered();
  std::vector<kafka::Consumer::ReadFrom> starts;
  std::vector<PartitionId> taken;
  for (const Beginning& beginning : beginnings) {
    const auto& [partition, restored, epoch, trusted, commit] = beginning.start;
    const bool idle = beginning.stopped.has_value();
    starts.push_back({partition, progress_.begin(beginning.start),
                      idle ? beginning.end : restored.progress.settled, idle});
    fetched_[partition] = {beginning.end, {}, {}};
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
    draining_.erase(partition);
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
    leaving_.clear();
    drain_limit_.cancel();
  });
}

void TopicInput::revoking(std::vector<PartitionId> partitions) {
  mailbox_.post([this, partitions = std::move(partitions)] {
    round_ = 0;
    if (stopped_) return consumer_->release(partitions);
    leaving_ = partitions;
    draining_.insert(partitions.begin(), partitions.end());
    drain_limit_.after(setup_.group.drain, [this] {
      observe::log::warn(
          "kafka.drain is over: the next owner delivers again what is still with workers",
          {{"binding", setup_.binding_name},
           {"partitions", in_words({draining_.begin(), draining_.end()})}});
      draining_.clear();
      finish_revoke();
    });
    for (PartitionId partition : partitions) listener_->revoking(partition);
    commit();
  });
}

void TopicInput::drained(PartitionId partition) {
  if (draining_.erase(partition) != 0 && draining_.empty()) finish_revoke();
}

// Everything has settled, or the time is over: what is settled is committed once more, then the
// partitions go.
void TopicInput::finish_revoke() {
  drain_limit_.cancel();
  observe::log::info("partitions go to another member",
                     {{"binding", setup_.binding_name}, {"partitions", in_words(leaving_)}});
  for (PartitionId partition : leaving_) listener_->revoked(partition);
  last_commit_ = true;
  commit();
  if (!committing()) on_committed({});
}

}  // namespace pelton::stream
