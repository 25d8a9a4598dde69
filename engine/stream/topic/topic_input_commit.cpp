// SPDX-License-Identifier: Apache-2.0
// From a settled event to a committed offset.
#include "engine/observe/log.h"
#include "engine/stream/topic/topic_input.h"

#include <utility>

namespace pelton::stream {

void TopicInput::settle(model::Transaction&& transaction, Done done) {
  const std::uint64_t number = progress_.settle(transaction.progress);
  unanswered_[number] = std::move(done);
  if (transactions_ != nullptr) keep_buried(transaction);
  if (!letters_) return write(number, std::move(transaction));
  letters_->pass(std::move(transaction),
                 [this, number](model::Transaction&& rest) { write(number, std::move(rest)); });
}

// Plain progress is the brokers' to keep; all else must be on disk before its offset moves.
void TopicInput::write(std::uint64_t number, model::Transaction&& transaction) {
  const bool keeps_progress = transactions_ != nullptr && !transaction.progress.empty();
  if (transaction.only_progress() && !keeps_progress) return stored(number);
  lane_.submit(std::move(transaction), [this, number](Status status) {
    if (status) stored(number);  // else the engine ends; nothing is committed any more
  });
}

void TopicInput::stored(std::uint64_t number) {
  const bool due = progress_.stored(number);
  complete();
  if (due || !handover_.draining.empty() || !handover_.leaving.empty()) commit();
}

// What is settled before is the store's by then.
void TopicInput::behind_letters(std::function<void()> then) {
  if (!letters_) return then();
  letters_->pass({}, [then = std::move(then)](model::Transaction&&) { then(); });
}

void TopicInput::tick() {
  commit();
  if (transactions_ != nullptr && !committing()) transactions_->commit_over();
  ticker_.after(setup_.group.commit_interval, [this] { tick(); });
}

TopicInput::Taken TopicInput::take_positions(const std::function<bool(PartitionId)>& may) {
  Taken taken;
  for (const GroupPosition& position : progress_.take_positions(may)) {
    auto metadata = codec_.encode(position.partition, position.offset, position.metadata);
    taken.positions.push_back({position.partition, position.offset, std::move(metadata.text)});
    taken.tenures.push_back({position.partition, position.tenure});
  }
  return taken;
}

void TopicInput::commit() {
  if (committing()) return;
  auto taken = take_positions([this](PartitionId partition) {
    return transactions_ == nullptr || !transactions_->has_uncommitted_outputs(partition);
  });
  if (!taken.positions.empty()) consumer_->commit(++commits_, std::move(taken.positions));
}

void TopicInput::committed(std::uint64_t id, Status status) {
  mailbox_.post([this, id, status = std::move(status)] {
    if (id == commits_ && committing()) on_committed(status);
  });
}

void TopicInput::metadata_too_long(std::uint64_t id) {
  mailbox_.post([this, id] {
    if (id != commits_ || !committing()) return;
    shorten_metadata();
    progress_.committed(false);
    commit();
  });
}

void TopicInput::shorten_metadata() {
  if (codec_.halve())
    observe::log::warn(
        "the brokers take less metadata with an offset (offset.metadata.max.bytes): events that "
        "are "
        "settled ahead of the others and do not fit are delivered again after a rebalance",
        {{"binding", setup_.binding_name}, {"bytes", std::to_string(codec_.room())}});
}

void TopicInput::on_committed(Status status) {
  // What failed is tried again at the next tick, as the member that we are then.
  progress_.committed(status.has_value());
  if (!status)
    trouble(status.error());
  else
    trouble_.over();
  complete();
  if (last_commit_) leave(status.has_value());
  if (transactions_ != nullptr && !committing()) transactions_->commit_over();
}

// A last commit: one try for what has settled meanwhile, then away.
void TopicInput::leave(bool was_committed) {
  if (was_committed && progress_.uncommitted()) {
    commit();
    if (committing()) return;
  }
  last_commit_ = false;
  if (!handover_.leaving.empty()) {
    const auto leaving = std::exchange(handover_.leaving, {});
    for (PartitionId partition : leaving) {
      progress_.end(partition);
      fetched_.erase(partition);
    }
    complete();
    consumer_->release(leaving);
  }
  if (stopped_) consumer_->close();
}

// The settlements of a partition that went away are answered too: their window is gone with it.
void TopicInput::complete() {
  while (auto complete = progress_.next_complete()) {
    // Out first: the answer may settle more and come back here.
    auto waiting = unanswered_.extract(complete->number);
    waiting.mapped()(std::move(complete->status));
  }
}

}  // namespace pelton::stream
