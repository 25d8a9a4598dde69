// SPDX-License-Identifier: Apache-2.0
// Offsets that are committed together with outputs.
#include "engine/dispatch/offset_ranges.h"
#include "engine/stream/topic/topic_input.h"

#include <utility>

namespace pelton::stream {

std::uint64_t TopicInput::stay(PartitionId partition) const {
  const auto part = parts_.find(partition);
  return part == parts_.end() ? 0 : part->second.stay;
}

void TopicInput::after_stored(std::function<void()> then) {
  behind_letters([this, then = std::move(then)] { lane_.after_all(then); });
}

bool TopicInput::fits(PartitionId partition) const {
  const auto part = parts_.find(partition);
  return part == parts_.end() ||
         metadata_of(part->second).ranges == part->second.position.completed.size();
}

// What is done is so when the brokers have committed it; the store is not to know better, for the
// transaction may be undone. What is buried is durable in the store or its topic, whatever becomes
// of the transaction, and is not to be delivered again.
void TopicInput::keep_buried(model::Transaction& transaction) {
  transaction.progress.clear();
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    const auto found = parts_.find(letter.id.partition);
    if (found == parts_.end()) continue;
    Part& part = found->second;
    dispatch::OffsetRanges ranges(part.buried);
    ranges.add(0, part.committed);
    ranges.add(letter.id.offset, letter.id.offset + 1);
    part.buried = ranges.stored();
    transaction.progress.push_back({setup_.binding, at(letter.id.partition), part.buried});
  }
}

void TopicInput::landed(Taken taken, std::function<void(bool)> answer) {
  std::vector<PartitionId> partitions;
  for (const kafka::OffsetCommit& position : taken.positions)
    partitions.push_back(position.partition);
  if (partitions.empty()) return answer(false);
  auto asked = [this, taken = std::move(taken), answer = std::move(answer)](
                   Result<std::vector<kafka::PartitionFacts>> facts) mutable {
    mailbox_.post([this, facts = std::move(facts), taken = std::move(taken),
                   answer = std::move(answer)]() mutable {
      if (!facts) return landed(std::move(taken), std::move(answer));
      // All of them were committed or none: one that is still ours tells.
      for (std::size_t i = 0; i < taken.positions.size(); ++i) {
        const kafka::OffsetCommit& sent = taken.positions[i];
        if (stay(sent.partition) != taken.stays[i].number) continue;
        return answer((*facts)[i].committed == sent.offset &&
                      (*facts)[i].metadata == sent.metadata);
      }
      answer(false);
    });
  };
  consumer_->ask(std::move(partitions), std::nullopt, std::move(asked));
}

void TopicInput::rewind(PartitionId partition) {
  if (!parts_.contains(partition)) return;
  let_go({partition});
  consumer_->read_again(partition);
}

}  // namespace pelton::stream
