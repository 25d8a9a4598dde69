// SPDX-License-Identifier: Apache-2.0
// From a settled event to a committed offset.
#include "engine/observe/log.h"
#include "engine/runtime/kafka_input.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

void KafkaInput::settle(store::Transaction&& transaction, Done done) {
  Entry entry;
  entry.number = ++entries_;
  entry.done = std::move(done);
  for (const auto& update : transaction.cursors) {
    const auto part = parts_.find(update.at.partition);
    entry.cursors.emplace_back(update.at.partition, update.cursor);
    entry.stays.push_back(part == parts_.end() ? 0 : part->second.stay);
  }
  // Plain progress is the brokers' to keep; all else must be on disk before its offset moves.
  const bool to_store = !transaction.appends.empty() || !transaction.retries.empty() ||
                        !transaction.dead_letters.empty() ||
                        !transaction.dead_letters_removed.empty() ||
                        !transaction.idempotency.empty();
  entry.stored = !to_store;
  storing_.push_back(std::move(entry));
  if (to_store)
    lane_.submit(std::move(transaction), [this, number = entries_](Status status) {
      if (!status) return;  // the engine ends; nothing is committed any more
      for (Entry& waiting : storing_)
        if (waiting.number == number) waiting.stored = true;
      advance();
    });
  advance();
}

void KafkaInput::advance() {
  while (!storing_.empty() && storing_.front().stored) {
    Entry entry = std::move(storing_.front());
    storing_.pop_front();
    take_entry(std::move(entry));
  }
}

void KafkaInput::take_entry(Entry&& entry) {
  bool due = draining_.size() + leaving_.size() > 0;
  for (std::size_t i = 0; i < entry.cursors.size(); ++i) {
    const auto found = parts_.find(entry.cursors[i].first);
    if (found == parts_.end() || found->second.stay != entry.stays[i]) continue;
    Part& part = found->second;
    part.position = entry.cursors[i].second;
    part.settled = entry.number;
    part.dirty = true;
    // Early enough that the window does not close for want of a commit.
    due |= part.position.cursor - part.committed >= static_cast<Offset>(setup_.window / 4);
  }
  committing_.push_back(std::move(entry));
  if (committing_.back().cursors.empty()) return finish_entries();
  if (due) commit_soon(true);
}

void KafkaInput::tick() {
  commit_soon(true);
  ticker_.after(setup_.group.commit_interval, [this] { tick(); });
}

void KafkaInput::commit_soon(bool now) {
  if (now && !commit_running_) commit_now();
}

void KafkaInput::commit_now() {
  std::vector<kafka::Consumer::Position> positions;
  under_way_marks_.clear();
  under_way_.clear();
  for (auto& [partition, part] : parts_) {
    if (!part.dirty) continue;
    const auto text =
        kafka::encode({setup_.node, part.epoch, part.position.completed}, part.position.cursor);
    // What does not fit stays uncommitted: it counts against the window, which closes.
    const bool whole = text.ranges == part.position.completed.size();
    under_way_marks_[partition] = {part.stay, whole ? part.settled : part.covered};
    under_way_[partition] = {partition, part.position.cursor, text.text};
    positions.push_back(under_way_[partition]);
    part.dirty = false;
  }
  if (positions.empty()) return;
  commit_running_ = true;
  consumer_->commit(++commits_, std::move(positions));
}

void KafkaInput::committed(std::uint64_t id, Status status) {
  mailbox_.post([this, id, status = std::move(status)] {
    if (id == commits_ && commit_running_) on_committed(status);
  });
}

void KafkaInput::on_committed(Status status) {
  commit_running_ = false;
  for (const auto& [partition, mark] : under_way_marks_) {
    const auto found = parts_.find(partition);
    if (found == parts_.end() || found->second.stay != mark.first) continue;
    Part& part = found->second;
    if (status) {
      part.covered = std::max(part.covered, mark.second);
      part.committed = under_way_[partition].offset;
    } else {
      part.dirty = true;  // the next tick tries again, as the member that we are then
    }
  }
  under_way_marks_.clear();
  if (!status) trouble(status.error());
  finish_entries();
  if (!last_commit_) return;
  // A last commit: one try for what has settled meanwhile, then away.
  const bool dirty = std::ranges::any_of(parts_, [](const auto& p) { return p.second.dirty; });
  if (status && dirty) return commit_now();
  last_commit_ = false;
  if (!leaving_.empty()) {
    const auto leaving = std::exchange(leaving_, {});
    for (PartitionId partition : leaving) parts_.erase(partition);
    finish_entries();
    consumer_->release(leaving);
  }
  if (stopped_) consumer_->close();
}

bool KafkaInput::covered(const Entry& entry) const {
  for (std::size_t i = 0; i < entry.cursors.size(); ++i) {
    const auto part = parts_.find(entry.cursors[i].first);
    if (part != parts_.end() && part->second.stay == entry.stays[i] &&
        part->second.covered < entry.number)
      return false;
  }
  return true;
}

// Tells the dispatcher, in order, of every transaction that is covered by what is committed. Those
// of a partition that went away are answered too: their window is gone with it.
void KafkaInput::finish_entries() {
  while (!committing_.empty() && covered(committing_.front())) {
    // Out first: the answer may settle more and come back here.
    const Done done = std::move(committing_.front().done);
    committing_.pop_front();
    done({});
  }
}

}  // namespace pelton::runtime
