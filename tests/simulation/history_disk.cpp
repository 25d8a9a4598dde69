// SPDX-License-Identifier: Apache-2.0
// What gets on the disk: every transaction must be right by itself, since a crash may follow it.
#include "engine/base/hash.h"
#include "engine/model/offset_ranges.h"
#include "tests/simulation/history.h"

#include <algorithm>
#include <charconv>

namespace pelton::simulation {

void History::applied(Tag tag, const model::Transaction& transaction,
                      const std::vector<model::PlacedBatch>& placed) {
  written_.clear();
  for (const auto& append : placed) {
    if (append.at.stream == kInput)
      append_input(append);
    else
      append_output(append, transaction);
  }
  for (const auto& letter : transaction.dead_letters) write_letter(letter);
  // What was purged has ended as a dead letter all the same.
  if (tag != kPurgeTag)
    for (const auto& id : transaction.dead_letters_removed) remove_letter(id);
  if (const auto found = unwritten_.find(tag); tag != 0 && found != unwritten_.end()) {
    for (const auto& [place, trouble] : found->second)
      at(place.first).events.at(place.second).durable = trouble;
    unwritten_.erase(found);
  }
  for (const auto& update : transaction.progress) {
    if (tag == kSeekTag)
      seek(update);
    else
      move_cursor(update);
  }
  check_outputs_covered();
}

void History::append_input(const model::PlacedBatch& placed) {
  Partition& partition = at(placed.at.partition);
  for (std::uint32_t i = 0; i < placed.batch->size(); ++i) {
    const Offset offset = placed.base + placed.batch->delta(i);
    Event event;
    event.message = &scenario_.messages.at(static_cast<std::size_t>(placed.batch->time_us(i)));
    event.batch = placed.batch;
    event.index = i;
    const auto lane = scenario_.lane(*event.message);
    if (lane && event.message->passes) partition.lanes[*lane].insert(offset);
    partition.unsettled.insert(offset);
    partition.undurable.insert(offset);
    partition.events.emplace(offset, std::move(event));
  }
  partition.end = placed.base + placed.batch->span();
}

void History::append_output(const model::PlacedBatch& placed,
                            const model::Transaction& transaction) {
  for (std::uint32_t i = 0; i < placed.batch->size(); ++i) check_output(placed, i, transaction);
}

void History::check_output(const model::PlacedBatch& placed, std::uint32_t i,
                           const model::Transaction& transaction) {
  ++seen.outputs;
  const std::string_view text = placed.batch->data(i);
  std::uint64_t field[4] = {};
  const char* from = text.data();
  for (std::uint64_t& value : field)
    from = std::from_chars(from, text.data() + text.size(), value).ptr + 1;
  const PartitionId id{static_cast<std::uint32_t>(field[0])};
  const Offset offset = static_cast<Offset>(field[1]);
  Partition& partition = at(id);
  Event& event = partition.events.at(offset);
  const auto& streams = scenario_.binding.outputs;
  const auto to = std::ranges::find(streams, placed.at.stream, &model::OutputStream::stream);
  if (to == streams.end() ||
      (field[2] % streams.size()) != static_cast<std::size_t>(to - streams.begin()))
    return violation("output {} is in stream {}", text, placed.at.stream.value);
  const std::uint32_t parts = to->partitions;
  if (placed.batch->has_key(i) &&
      kafka_partition(placed.batch->key(i), parts) != placed.at.partition.value)
    violation("output {} is in partition {}", text, placed.at.partition.value);
  const model::DeadLetterId letter{scenario_.binding.id, id, offset};
  const auto replay = replays_.find(letter);
  if (replay != replays_.end() && replay->second.done_by == field[3]) {
    const auto& removed = transaction.dead_letters_removed;
    if (std::ranges::find(removed, letter) == removed.end())
      violation("output {} of a replay is written without the end of its letter", text);
    return;
  }
  if (event.done_by != field[3]) return violation("output {} of an event that is not done", text);
  if (!event.outputs.insert(static_cast<std::uint32_t>(field[2])).second)
    violation("output {} is written twice", text);
  written_.emplace_back(Place{id, offset}, field[3]);
  const auto lane = scenario_.lane(*event.message);
  if (!lane) return;
  const auto [last, first] = partition.last_output.try_emplace({placed.at, *lane}, offset);
  if (!first && last->second > offset) violation("output {} is out of order", text);
  last->second = offset;
}

// Outputs without the cursor would be made again after a crash.
void History::check_outputs_covered() {
  for (const auto& [place, by] : written_)
    if (!at(place.first).events.at(place.second).settled)
      violation("outputs of event {}/{} are written, its cursor is not", place.first.value,
                place.second);
}

void History::write_letter(const model::DeadLetter& letter) {
  ++seen.dead;
  const auto found = at(letter.id.partition).events.find(letter.id.offset);
  const auto name = fmt::format("{}/{}", letter.id.partition.value, letter.id.offset);
  if (found == at(letter.id.partition).events.end())
    return violation("a dead letter {} of no event", name);
  Event& event = found->second;
  const model::Batch& kept = *letter.event;
  if (kept.size() != 1 || kept.data(0) != event.batch->data(event.index) ||
      kept.key(0) != event.batch->key(event.index) ||
      kept.has_key(0) != event.batch->has_key(event.index))
    violation("the dead letter {} holds another event", name);
  const std::string& once = event.message->once;
  if (letter.idempotency_key !=
      (once.empty() ? default_key(scenario_.binding, letter.id.partition, letter.id.offset) : once))
    violation("the dead letter {} has the key {}", name, letter.idempotency_key);
  if (letter.retry.history.size() > model::kMaxHistory)
    violation("the dead letter {} has {} attempts", name, letter.retry.history.size());
  const auto replay = replays_.find(letter.id);
  if (letter.replays > 0 && replay != replays_.end()) {
    check_reason(letter, event, replay->second.trouble);
    replays_.erase(replay);
  } else {
    check_reason(letter, event, event.trouble);
    if (letter.retry.attempts != event.trouble.failures ||
        letter.retry.worker_kills != event.trouble.kills)
      violation("the dead letter {} tells of {} attempts and {} kills, not {} and {}", name,
                letter.retry.attempts, letter.retry.worker_kills, event.trouble.failures,
                event.trouble.kills);
  }
  event.dead = true;
}

void History::check_reason(const model::DeadLetter& letter, const Event& event,
                           const Trouble& trouble) {
  const config::Retry& retry = scenario_.binding.delivery.retry;
  const bool right =
      (letter.reason == "attempts" && trouble.failures == retry.attempts && trouble.kills < 2) ||
      (letter.reason == "worker_killer" && trouble.kills == 2) ||
      (letter.reason == "failed" && (event.message->fate == Fate::rejects || letter.replays > 0)) ||
      (letter.reason == "max_age" && retry.max_age &&
       std::max(letter.time, trouble.not_after) - trouble.first >= *retry.max_age);
  if (!right)
    violation("the dead letter {}/{} gives {} as its reason, after {} failures and {} kills",
              letter.id.partition.value, letter.id.offset, letter.reason, trouble.failures,
              trouble.kills);
}

void History::remove_letter(const model::DeadLetterId& id) {
  Event& event = at(id.partition).events.at(id.offset);
  const auto replay = replays_.find(id);
  const bool done = replay != replays_.end() && replay->second.done_by != 0;
  const bool duplicate = !event.message->once.empty() && once_done_.contains(event.message->once);
  if (!done && !duplicate)
    violation("the dead letter {}/{} is removed, but was not done", id.partition.value, id.offset);
  if (done && !event.message->once.empty()) complete_key(event.message->once);
  event.dead = false;
  if (replay != replays_.end()) replays_.erase(replay);
}

void History::move_cursor(const model::Transaction::ProgressUpdate& update) {
  const PartitionId id = update.at.partition;
  Partition& partition = at(id);
  const model::Progress& before = partition.cursor;
  model::OffsetRanges all(before);
  model::apply(update, all);
  const model::Progress after = all.stored();
  bool back = after.settled < before.settled;
  for (const OffsetRange& range : before.completed)
    back = back || !is_covered(after, range.begin) || !is_covered(after, range.end - 1);
  if (back) violation("the cursor of partition {} goes back", id.value);
  if (all.end() > partition.end)
    violation("the cursor of partition {} is beyond its end", id.value);
  cover(id, partition, after);
  partition.cursor = after;
}

void History::cover(PartitionId id, Partition& partition, const model::Progress& cursor) {
  std::vector<Offset> unexplained;
  for (const Offset offset : newly_covered(partition.undurable, cursor)) {
    Event& event = partition.events.at(offset);
    if (!settles(event, id, offset)) {
      unexplained.push_back(offset);
      continue;
    }
    if (event.done_by != 0 && !event.message->once.empty()) complete_key(event.message->once);
    event.settled = true;
    partition.undurable.erase(offset);
  }
  // What is neither done nor dead is a duplicate of something that is done.
  for (const Offset offset : unexplained) {
    Event& event = partition.events.at(offset);
    ++seen.deduplicated;
    if (!is_duplicate(event))
      violation("event {}/{} is settled, but neither done nor a dead letter", id.value, offset);
    event.settled = true;
    partition.undurable.erase(offset);
  }
}

void History::complete_key(const std::string& key) {
  const auto known = once_done_.find(key);
  once_durable_[key] = known == once_done_.end() ? scheduler_.wall() : known->second;
}

// Of something that was done not long before; keys are known for at most two TTLs.
bool History::is_duplicate(const Event& event) const {
  const auto done = once_durable_.find(event.message->once);
  return !event.message->once.empty() && done != once_durable_.end() &&
         event.settled_at <= done->second + 2 * scenario_.binding.idempotency->ttl;
}

bool History::settles(const Event& event, PartitionId partition, Offset offset) {
  if (!event.message->passes) {
    ++seen.filtered;
    return true;
  }
  if (event.dead) return true;
  if (event.done_by == 0) return false;
  if (scenario_.has_target() && event.outputs.size() != event.message->outputs)
    violation("event {}/{} is settled with {} of {} outputs", partition.value, offset,
              event.outputs.size(), event.message->outputs);
  return true;
}

void History::seek(const model::Transaction::ProgressUpdate& update) {
  Partition& partition = at(update.at.partition);
  partition.cursor = update.progress;
  partition.last_output.clear();
  for (auto& [offset, event] : partition.events) {
    const bool skipped = offset < update.progress.settled;
    settle_locally(partition, offset);
    partition.undurable.erase(offset);
    event.settled = skipped || event.settled;
    if (skipped) continue;
    event.settled = false;
    event.done_by = 0;
    event.outputs.clear();
    event.trouble = event.durable = {};
    event.dead = false;
    partition.unsettled.insert(offset);
    partition.undurable.insert(offset);
    const auto lane = scenario_.lane(*event.message);
    if (lane && event.message->passes) partition.lanes[*lane].insert(offset);
  }
}

}  // namespace pelton::simulation
