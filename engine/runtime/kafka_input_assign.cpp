// SPDX-License-Identifier: Apache-2.0
// Where partitions begin, and how they are given back.
#include "engine/dispatch/offset_ranges.h"
#include "engine/observe/log.h"
#include "engine/runtime/kafka_input.h"

#include <algorithm>
#include <random>
#include <utility>

namespace pelton::runtime {
namespace {

// In the ledger of the store: "<binding>/<partition>" -> epoch.
constexpr const char* kLedger = "kafka-epochs";

std::uint64_t random_epoch() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

}  // namespace

void KafkaInput::assigning(std::vector<kafka::PartitionFacts> facts, std::uint64_t round) {
  mailbox_.post([this, facts = std::move(facts), round] {
    // What an earlier stay has settled must be in the store before the store is asked.
    lane_.after_all([this, facts, round] { take(facts, round); });
  });
}

void KafkaInput::take(const std::vector<kafka::PartitionFacts>& facts, std::uint64_t round) {
  std::vector<Beginning> beginnings;
  for (const kafka::PartitionFacts& fact : facts) {
    // Ours already: its position is gone from the topic.
    if (parts_.contains(fact.partition)) let_go({fact.partition});
    auto beginning = decide(fact);
    if (!beginning) {
      parts_[fact.partition].stay = ++stays_;
      parts_[fact.partition].end = fact.end;
      listener_->stopped(fact.partition, beginning.error());
      continue;
    }
    beginnings.push_back(std::move(*beginning));
  }
  if (auto ok = remember_epochs(beginnings); !ok) return;  // the engine ends
  store::Transaction transaction;
  for (const Beginning& beginning : beginnings) {
    if (beginning.trusted) continue;
    transaction.cursors.push_back(
        {setup_.binding, at(beginning.partition), beginning.restored.cursor});
    if (!forget_retries(lane_.store(), setup_.binding, at(beginning.partition), transaction))
      return;
  }
  if (transaction.empty()) return begin(round, std::move(beginnings));
  lane_.submit(std::move(transaction), [this, round, beginnings](Status status) {
    if (status) begin(round, beginnings);
  });
}

Result<Offset> KafkaInput::in_range(const kafka::PartitionFacts& facts, Offset wanted) const {
  if (wanted >= facts.earliest && wanted <= facts.end) return wanted;
  using Policy = config::KafkaGroup::OutOfRange;
  if (setup_.group.out_of_range == Policy::stop)
    return fail(
        ErrorKind::corrupt, "E6104",
        "the offset {} is not in the topic any more (it has {} to {}): seek the binding, or "
        "set kafka.out_of_range",
        wanted, facts.earliest, facts.end);
  const Offset to = setup_.group.out_of_range == Policy::earliest ? facts.earliest : facts.end;
  observe::log::warn("the committed offset is not in the topic any more; going on elsewhere",
                     {{"binding", setup_.binding_name},
                      {"partition", std::to_string(facts.partition.value)},
                      {"offset", std::to_string(wanted)},
                      {"to", std::to_string(to)}});
  return to;
}

Result<KafkaInput::Beginning> KafkaInput::decide(const kafka::PartitionFacts& facts) {
  Beginning beginning;
  beginning.partition = facts.partition;
  beginning.end = facts.end;
  beginning.epoch = random_epoch();
  if (!facts.committed) {
    using Kind = config::Start::Kind;
    beginning.commit = true;
    beginning.restored.cursor.cursor = setup_.start.kind == Kind::latest ? facts.end
                                       : setup_.start.kind == Kind::time ? facts.at_time
                                                                         : facts.earliest;
    return beginning;
  }
  auto offset = in_range(facts, *facts.committed);
  if (!offset) return std::unexpected(offset.error());
  beginning.restored.cursor.cursor = *offset;
  beginning.commit = *offset != *facts.committed;
  const auto metadata = kafka::decode(facts.metadata, *facts.committed);
  // Another client's commit, or an operator's: the offset alone counts.
  if (!metadata || beginning.commit) return beginning;
  const bool fits = metadata->completed.empty() || metadata->completed.back().end <= facts.end;
  if (fits) beginning.restored.cursor.completed = metadata->completed;
  if (!fits || metadata->node != setup_.node) return beginning;
  auto epoch = lane_.store().ledger_get(
      kLedger, fmt::format("{}/{}", setup_.binding_name, facts.partition.value));
  if (!epoch) return std::unexpected(epoch.error());
  if (!*epoch || **epoch != std::to_string(metadata->epoch)) return beginning;
  beginning.epoch = metadata->epoch;
  if (auto ok = add_local(beginning); !ok) return std::unexpected(ok.error());
  return beginning;
}

// The last commit is of our own: what the store knows beyond it is true as well.
Status KafkaInput::add_local(Beginning& beginning) {
  auto stored = lane_.store().cursor(setup_.binding, at(beginning.partition));
  if (!stored) return std::unexpected(stored.error());
  auto retries = lane_.store().retries(setup_.binding, at(beginning.partition));
  if (!retries) return std::unexpected(retries.error());
  store::Cursor& cursor = beginning.restored.cursor;
  if (*stored) {
    const Offset last =
        (*stored)->completed.empty() ? (*stored)->cursor : (*stored)->completed.back().end;
    // Beyond the topic's end: it was made anew, or the folder is another one's.
    if (last > beginning.end) return {};
    const store::Cursor before = cursor;
    dispatch::OffsetRanges all(cursor);
    all.add(0, (*stored)->cursor);
    for (const OffsetRange& range : (*stored)->completed) all.add(range.begin, range.end);
    cursor = all.stored();
    beginning.commit = !(cursor == before);
  }
  beginning.trusted = true;
  for (auto& retry : *retries)
    if (retry.offset >= cursor.cursor) beginning.restored.retries.push_back(std::move(retry));
  return {};
}

// Before any commit names them; a crash in between makes the store's state untrusted, which only
// costs deliveries.
Status KafkaInput::remember_epochs(const std::vector<Beginning>& beginnings) {
  std::vector<store::Store::KeyValue> entries;
  for (const Beginning& beginning : beginnings)
    if (!beginning.trusted)
      entries.push_back({fmt::format("{}/{}", setup_.binding_name, beginning.partition.value),
                         std::to_string(beginning.epoch)});
  if (entries.empty()) return {};
  return lane_.store().ledger_put(kLedger, entries);
}

void KafkaInput::begin(std::uint64_t round, std::vector<Beginning> beginnings) {
  std::vector<kafka::Consumer::Start> starts;
  for (Beginning& beginning : beginnings) {
    Part part;
    part.stay = ++stays_;
    part.epoch = beginning.epoch;
    part.end = beginning.end;
    part.position = beginning.restored.cursor;
    part.committed = beginning.restored.cursor.cursor;
    part.dirty = beginning.commit;
    starts.push_back({beginning.partition, part.stay, part.position.cursor});
    parts_[beginning.partition] = std::move(part);
    listener_->assigned(beginning.partition, beginning.restored);
  }
  observe::log::info("partitions assigned", {{"binding", setup_.binding_name},
                                             {"partitions", std::to_string(beginnings.size())}});
  consumer_->begin(round, std::move(starts));
  commit_soon(true);
}

void KafkaInput::let_go(const std::vector<PartitionId>& partitions) {
  for (PartitionId partition : partitions) {
    listener_->revoked(partition);
    parts_.erase(partition);
    draining_.erase(partition);
  }
  finish_entries();
}

void KafkaInput::lost(std::vector<PartitionId> partitions) {
  mailbox_.post([this, partitions = std::move(partitions)] {
    if (stopped_) return;
    observe::log::warn(
        "partitions were lost: another member of the group has them",
        {{"binding", setup_.binding_name}, {"partitions", std::to_string(partitions.size())}});
    let_go(partitions);
    leaving_.clear();
    drain_limit_.cancel();
  });
}

void KafkaInput::revoking(std::vector<PartitionId> partitions) {
  mailbox_.post([this, partitions = std::move(partitions)] {
    if (stopped_) return consumer_->release(partitions);
    leaving_ = partitions;
    draining_.insert(partitions.begin(), partitions.end());
    drain_limit_.after(setup_.group.drain, [this] {
      draining_.clear();
      finish_revoke();
    });
    for (PartitionId partition : partitions) listener_->revoking(partition);
    commit_soon(true);
  });
}

void KafkaInput::drained(PartitionId partition) {
  if (draining_.erase(partition) != 0 && draining_.empty()) finish_revoke();
}

// Everything has settled, or the time is over: what is settled is committed once more, then the
// partitions go.
void KafkaInput::finish_revoke() {
  drain_limit_.cancel();
  for (PartitionId partition : leaving_) listener_->revoked(partition);
  last_commit_ = true;
  commit_soon(true);
  if (!commit_running_) on_committed({});
}

}  // namespace pelton::runtime
