// SPDX-License-Identifier: Apache-2.0
// From a settled event to a committed offset.
#include "engine/base/ensure.h"
#include "engine/stream/topic/topic_input.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {

void TopicInput::settle(model::Transaction&& transaction, Done done) {
  Entry entry;
  entry.number = ++entries_;
  entry.done = std::move(done);
  for (const auto& update : transaction.progress) {
    const auto part = parts_.find(update.at.partition);
    entry.cursors.emplace_back(update.at.partition, update.progress);
    entry.stays.push_back(part == parts_.end() ? 0 : part->second.stay);
  }
  storing_.push_back(std::move(entry));
  if (transactions_ != nullptr) keep_buried(transaction);
  if (!letters_) return write(entries_, std::move(transaction));
  letters_->pass(std::move(transaction), [this, number = entries_](model::Transaction&& rest) {
    write(number, std::move(rest));
  });
}

// Plain progress is the brokers' to keep; all else must be on disk before its offset moves.
void TopicInput::write(std::uint64_t number, model::Transaction&& transaction) {
  const bool to_store = !transaction.appends.empty() || !transaction.retries.empty() ||
                        !transaction.dead_letters.empty() ||
                        !transaction.dead_letters_removed.empty() ||
                        !transaction.idempotency.empty() ||
                        (transactions_ != nullptr && !transaction.progress.empty());
  if (!to_store) return stored(number);
  lane_.submit(std::move(transaction), [this, number](Status status) {
    if (status) stored(number);  // else the engine ends; nothing is committed any more
  });
}

void TopicInput::stored(std::uint64_t number) {
  const auto entry = std::ranges::lower_bound(storing_, number, {}, &Entry::number);
  ENSURE(entry != storing_.end() && entry->number == number, "the store answered twice");
  entry->stored = true;
  advance();
}

// What is settled before is the store's by then.
void TopicInput::behind_letters(std::function<void()> then) {
  if (!letters_) return then();
  letters_->pass({}, [then = std::move(then)](model::Transaction&&) { then(); });
}

void TopicInput::advance() {
  while (!storing_.empty() && storing_.front().stored) {
    Entry entry = std::move(storing_.front());
    storing_.pop_front();
    take_entry(std::move(entry));
  }
}

void TopicInput::take_entry(Entry&& entry) {
  bool due = draining_.size() + leaving_.size() > 0;
  for (std::size_t i = 0; i < entry.cursors.size(); ++i) {
    const auto found = parts_.find(entry.cursors[i].first);
    if (found == parts_.end() || found->second.stay != entry.stays[i]) continue;
    Part& part = found->second;
    part.position = entry.cursors[i].second;
    part.settled = entry.number;
    part.dirty = true;
    // Early enough that the window does not close for want of a commit.
    due |= part.position.settled - part.committed >= static_cast<Offset>(setup_.max_unsettled / 4);
  }
  committing_.push_back(std::move(entry));
  if (committing_.back().cursors.empty()) return finish_entries();
  if (due) commit();
}

void TopicInput::tick() {
  commit();
  if (transactions_ != nullptr && !commit_running_) transactions_->commit_over();
  ticker_.after(setup_.group.commit_interval, [this] { tick(); });
}

// Behind what is settled, and behind the offsets without records that follow it.
Offset TopicInput::offset_of(const Part& part) {
  const model::Progress& position = part.position;
  const bool at_empty = position.settled == part.empty.begin && position.completed.empty();
  return at_empty ? part.empty.end : position.settled;
}

kafka::EncodedMetadata TopicInput::metadata_of(const Part& part) const {
  return kafka::encode({setup_.node, part.epoch, part.position.completed}, offset_of(part));
}

TopicInput::Taken TopicInput::take_positions(const std::function<bool(PartitionId)>& may) {
  Taken taken;
  under_way_.clear();
  for (auto& [partition, part] : parts_) {
    if (!part.dirty || !may(partition)) continue;
    auto metadata = metadata_of(part);
    // What does not fit stays uncommitted: it counts against the window, which closes. Of outputs
    // that are committed nothing may be forgotten again, so there it is all or nothing.
    const bool whole = metadata.ranges == part.position.completed.size();
    if (!whole && transactions_ != nullptr) continue;
    under_way_[partition] = {part.stay, offset_of(part), whole ? part.settled : part.covered};
    taken.positions.push_back({partition, offset_of(part), std::move(metadata.text)});
    taken.stays.push_back({partition, part.stay});
    part.dirty = false;
  }
  commit_running_ = !taken.positions.empty();
  return taken;
}

void TopicInput::commit() {
  if (commit_running_) return;
  auto taken = take_positions([this](PartitionId partition) {
    return transactions_ == nullptr || !transactions_->owes(partition);
  });
  if (!taken.positions.empty()) consumer_->commit(++commits_, std::move(taken.positions));
}

void TopicInput::committed(std::uint64_t id, Status status) {
  mailbox_.post([this, id, status = std::move(status)] {
    if (id == commits_ && commit_running_) on_committed(status);
  });
}

void TopicInput::on_committed(Status status) {
  commit_running_ = false;
  for (const auto& [partition, sent] : std::exchange(under_way_, {})) {
    const auto found = parts_.find(partition);
    if (found == parts_.end() || found->second.stay != sent.stay) continue;
    Part& part = found->second;
    if (status) {
      part.covered = std::max(part.covered, sent.covers);
      part.committed = sent.offset;
    } else {
      part.dirty = true;  // the next tick tries again, as the member that we are then
    }
  }
  if (!status)
    trouble(status.error());
  else
    well();
  finish_entries();
  if (last_commit_) leave(status.has_value());
  if (transactions_ != nullptr && !commit_running_) transactions_->commit_over();
}

// A last commit: one try for what has settled meanwhile, then away.
void TopicInput::leave(bool committed) {
  const bool dirty = std::ranges::any_of(parts_, [](const auto& p) { return p.second.dirty; });
  if (committed && dirty) {
    commit();
    if (commit_running_) return;
  }
  last_commit_ = false;
  if (!leaving_.empty()) {
    const auto leaving = std::exchange(leaving_, {});
    for (PartitionId partition : leaving) parts_.erase(partition);
    finish_entries();
    consumer_->release(leaving);
  }
  if (stopped_) consumer_->close();
}

bool TopicInput::covered(const Entry& entry) const {
  for (std::size_t i = 0; i < entry.cursors.size(); ++i) {
    const auto part = parts_.find(entry.cursors[i].first);
    if (part != parts_.end() && part->second.stay == entry.stays[i] &&
        part->second.covered < entry.number)
      return false;
  }
  return true;
}

// What an operator who asked for it is told; the dispatcher needs no more than that it is over.
Status TopicInput::outcome(const Entry& entry) const {
  for (std::size_t i = 0; i < entry.cursors.size(); ++i) {
    const auto part = parts_.find(entry.cursors[i].first);
    if (part == parts_.end() || part->second.stay != entry.stays[i])
      return fail(ErrorKind::unavailable, "E5001",
                  "partition {} went to another engine before its offset was committed",
                  entry.cursors[i].first.value);
  }
  return {};
}

// Tells the dispatcher, in order, of every transaction that is covered by what is committed. Those
// of a partition that went away are answered too: their window is gone with it.
void TopicInput::finish_entries() {
  while (!committing_.empty() && covered(committing_.front())) {
    // Out first: the answer may settle more and come back here.
    const Entry entry = std::move(committing_.front());
    committing_.pop_front();
    entry.done(outcome(entry));
  }
}

}  // namespace pelton::stream
