// SPDX-License-Identifier: Apache-2.0
// Where partitions begin, and how they are given back.
#include "engine/dispatch/offset_ranges.h"
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
    // What an earlier stay has settled must be in the store before the store is asked.
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
    if (parts_.contains(fact.partition)) let_go({fact.partition});
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
    if (beginning.trusted) continue;
    epochs.push_back(
        {epoch_name(setup_.binding_name, beginning.partition), std::to_string(beginning.epoch)});
    if (beginning.stopped) continue;
    transaction.progress.push_back(
        {setup_.binding, at(beginning.partition), beginning.restored.progress});
    if (auto ok =
            forget_retries(lane_.store(), setup_.binding, at(beginning.partition), transaction);
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
  beginning.partition = facts.partition;
  beginning.end = facts.end;
  beginning.epoch = random_number();
  const auto offset = resume(facts);
  Offset& cursor = beginning.restored.progress.settled;
  cursor = offset ? *offset : *facts.committed;
  if (!offset)
    beginning.stopped = offset.error();
  else if (facts.committed != cursor)
    beginning.commit = true;
  else if (auto ok = trust(facts, beginning); !ok)
    beginning.stopped = ok.error();
  return beginning;
}

// Takes from the commit's metadata, and from the store, what is true beyond the committed offset.
Status TopicInput::trust(const kafka::PartitionFacts& facts, Beginning& beginning) {
  const auto metadata = kafka::decode(facts.metadata, *facts.committed);
  // Another client's commit, or an operator's: the offset alone counts.
  if (!metadata) return {};
  // So it does when the topic was made anew.
  if (!metadata->completed.empty() && metadata->completed.back().end > facts.end) return {};
  beginning.restored.progress.completed = metadata->completed;
  if (metadata->node != setup_.node) return {};
  auto epoch = lane_.store().ledger_get(kLedger, epoch_name(setup_.binding_name, facts.partition));
  if (!epoch) return std::unexpected(epoch.error());
  if (!*epoch || **epoch != std::to_string(metadata->epoch)) return {};
  beginning.epoch = metadata->epoch;
  return add_local(beginning);
}

// The last commit is of our own: what the store knows beyond it is true as well.
Status TopicInput::add_local(Beginning& beginning) {
  auto stored = lane_.store().cursor(setup_.binding, at(beginning.partition));
  if (!stored) return std::unexpected(stored.error());
  auto retries = lane_.store().retries(setup_.binding, at(beginning.partition));
  if (!retries) return std::unexpected(retries.error());
  model::Progress& cursor = beginning.restored.progress;
  if (*stored) {
    const Offset last =
        (*stored)->completed.empty() ? (*stored)->settled : (*stored)->completed.back().end;
    // Beyond the topic's end: it was made anew, or the folder is another one's.
    if (last > beginning.end) return {};
    const model::Progress before = cursor;
    dispatch::OffsetRanges all(cursor);
    all.add(0, (*stored)->settled);
    for (const OffsetRange& range : (*stored)->completed) all.add(range.begin, range.end);
    cursor = all.stored();
    beginning.commit = !(cursor == before);
  }
  beginning.trusted = true;
  for (auto& retry : *retries)
    if (retry.offset >= cursor.settled) beginning.restored.retries.push_back(std::move(retry));
  return {};
}

void TopicInput::begin(std::uint64_t round, const std::vector<Beginning>& beginnings) {
  if (round_ != round) return;  // revoked meanwhile
  well();
  std::vector<kafka::Consumer::ReadFrom> starts;
  for (const Beginning& beginning : beginnings) {
    Part part;
    part.stay = ++stays_;
    part.epoch = beginning.epoch;
    part.end = beginning.end;
    part.position = part.buried = beginning.restored.progress;
    part.committed = beginning.restored.progress.settled;
    part.dirty = beginning.commit;
    const bool idle = beginning.stopped.has_value();
    starts.push_back(
        {beginning.partition, part.stay, idle ? part.end : part.position.settled, idle});
    parts_[beginning.partition] = std::move(part);
    listener_->assigned(beginning.partition, beginning.restored);
    if (idle) listener_->stopped(beginning.partition, *beginning.stopped);
  }
  std::vector<PartitionId> taken;
  for (const Beginning& beginning : beginnings) taken.push_back(beginning.partition);
  observe::log::info("partitions assigned",
                     {{"binding", setup_.binding_name}, {"partitions", in_words(taken)}});
  consumer_->begin(round, std::move(starts));
  commit();
}

void TopicInput::let_go(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) {
    listener_->revoked(partition);
    parts_.erase(partition);
    draining_.erase(partition);
  }
  finish_entries();
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
  if (!commit_running_) on_committed({});
}

}  // namespace pelton::stream
