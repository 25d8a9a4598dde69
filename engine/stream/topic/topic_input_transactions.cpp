// SPDX-License-Identifier: Apache-2.0
// Offsets that are committed together with outputs.
#include "engine/stream/topic/topic_input.h"

#include <utility>

namespace pelton::stream {

void TopicInput::after_stored(std::function<void()> then) {
  behind_letters([this, then = std::move(then)] { lane_.after_all(then); });
}

// What is done is so when the brokers have committed it; the store is not to know better, for the
// transaction may be undone. What is buried is durable in the store or its topic, whatever becomes
// of the transaction, and is not to be delivered again.
void TopicInput::keep_buried(model::Transaction& transaction) {
  transaction.progress.clear();
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    auto known = progress_.bury(letter.id.partition, letter.id.offset);
    if (known)
      transaction.progress.push_back({setup_.binding, at(letter.id.partition), std::move(*known)});
  }
}

void TopicInput::was_committed(Taken taken, std::function<void(bool)> answer) {
  std::vector<PartitionId> partitions;
  for (const kafka::OffsetCommit& position : taken.positions)
    partitions.push_back(position.partition);
  if (partitions.empty()) return answer(false);
  auto asked = [this, taken = std::move(taken), answer = std::move(answer)](
                   Result<std::vector<kafka::OffsetCommit>> known) mutable {
    mailbox_.post([this, known = std::move(known), taken = std::move(taken),
                   answer = std::move(answer)]() mutable {
      if (!known) return was_committed(std::move(taken), std::move(answer));
      // All of them were committed or none: one that is still ours tells.
      for (std::size_t i = 0; i < taken.positions.size(); ++i) {
        const kafka::OffsetCommit& sent = taken.positions[i];
        if (tenure(sent.partition) != taken.tenures[i].number) continue;
        return answer((*known)[i].offset == sent.offset && (*known)[i].metadata == sent.metadata);
      }
      answer(false);
    });
  };
  consumer_->ask_committed(std::move(partitions), std::move(asked));
}

void TopicInput::rewind(PartitionId partition) {
  if (tenure(partition) == 0) return;
  let_go({partition});
  consumer_->read_again(partition);
}

}  // namespace pelton::stream
