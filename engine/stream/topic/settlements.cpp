// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/settlements.h"

#include <utility>

namespace pelton::stream {

void Settlements::settle(model::Transaction&& transaction, Input::Done done) {
  const std::uint64_t number = progress_.settle(transaction);
  expect(number, std::move(done));
  if (only_buried_) keep_buried(transaction);
  if (!letters_) return write(number, std::move(transaction));
  letters_->pass(std::move(transaction),
                 [this, number](model::Transaction&& rest) { write(number, std::move(rest)); });
}

// What is done is so when the brokers have committed it. What is buried is durable in the store or
// its topic, whatever becomes of the transaction, and is not to be delivered again.
void Settlements::keep_buried(model::Transaction& transaction) {
  transaction.progress.clear();
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    const PartitionId partition = letter.id.partition;
    if (auto known = progress_.bury(partition, letter.id.offset))
      transaction.progress.push_back({binding_, {stream_, partition}, std::move(*known)});
  }
}

// Plain progress is the brokers' to keep; all else must be on disk before its offset moves.
void Settlements::write(std::uint64_t number, model::Transaction&& transaction) {
  const bool keeps_progress = only_buried_ && !transaction.progress.empty();
  if (transaction.only_progress() && !keeps_progress) return stored(number);
  store_.submit(std::move(transaction), [this, number](Status status) {
    if (status) stored(number);  // else the engine ends; nothing is committed any more
  });
}

void Settlements::stored(std::uint64_t number) {
  const bool due = progress_.stored(number);
  complete();
  stored_(due);
}

void Settlements::after_letters(std::function<void()> then) {
  if (!letters_) return then();
  letters_->pass({}, [then = std::move(then)](model::Transaction&&) { then(); });
}

void Settlements::after_stored(std::function<void()> then) {
  after_letters([this, then = std::move(then)] { store_.after_all(then); });
}

// The settlements of a partition that went away are answered too: their window is gone with it.
void Settlements::complete() {
  while (auto complete = progress_.next_complete()) {
    auto waiting = unanswered_.extract(complete->number);
    waiting.mapped()(std::move(complete->status));
  }
}

}  // namespace pelton::stream
