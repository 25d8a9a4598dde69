// SPDX-License-Identifier: Apache-2.0
#include "engine/store/group_writer.h"

#include "engine/base/crc32c.h"
#include "engine/model/histories.h"
#include "engine/model/offset_ranges.h"
#include "engine/store/binding_state.h"
#include "engine/store/codec.h"
#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {
namespace {

// Appends below this size are joined with their neighbours: many producers of single events would
// otherwise cost an entry of the index, a read and a frame each.
constexpr std::size_t kJoinBelow = 32U << 10;
constexpr std::size_t kJoinedBytes = 256U << 10;
// Completed idempotency keys of one binding: a start reads records, and each costs as much as some
// hundred keys.
constexpr std::size_t kKeysOfARecord = 4096;
// What an entry of the index takes in the metadata at most, with its key, and what the number of
// the group takes.
constexpr std::size_t kIndexPut = 96;
constexpr std::size_t kKeptMetadata = 1U << 20;

iovec part(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

// The bytes of every batch of the group, as the directory lists them.
template <typename Visit>
void for_each_batch(const Group& group, const Visit& visit) {
  for (const model::PlacedBatch& placed : group.placed) visit(placed.batch->bytes());
  for (const Pending& pending : group.pending)
    for (const Move& move : pending.moves) visit(std::string_view(move.bytes));
}

}  // namespace

void Group::clear() {
  pending.clear();
  commits.clear();
  placed.clear();
  entries.clear();
  moved_from.clear();
  moved_to.clear();
  bytes = 0;
  begins_segment = false;
  key_records = 0;
  // A buffer that has become large is not kept.
  if (metadata.GetDataSize() > kKeptMetadata)
    metadata = rocksdb::WriteBatch();
  else
    metadata.Clear();
  head.clear();
  slot = {};
}

std::vector<iovec> Group::parts() const {
  std::vector<iovec> out;
  out.reserve(placed.size() + 2);
  out.push_back(part(head));
  for_each_batch(*this, [&](std::string_view batch) { out.push_back(part(batch)); });
  out.push_back(part(metadata.Data()));
  return out;
}

std::uint64_t Group::record_bytes() const {
  std::uint64_t size = 0;
  for (const iovec& each : parts()) size += each.iov_len;
  return size;
}

void GroupWriter::add(std::vector<Pending>&& pending, Group& group) {
  for (Pending& each : pending) {
    Committed& committed = group.commits.emplace_back();
    for (const model::Append& append : each.transaction.appends)
      add_append(append, committed, group);
    add_records(each.transaction, group);
    add_changes(each.changes, group);
    for (const Move& move : each.moves) group.moved_from.push_back(move.entry.place);
    group.bytes += each.bytes;
    group.begins_segment |= each.ends_segment;
    group.pending.push_back(std::move(each));
  }
}

Status GroupWriter::finish(Group& group, WallTime now) {
  for (auto& [at, joined] : joining_) flush_joined(at, joined, group);
  joining_.clear();
  flush_all_keys(group);
  histories_.end_group();
  add_cursors(group);
  last_append_us_ = std::max(last_append_us_, to_us(now));
  std::uint64_t batch_bytes = 0;
  std::uint32_t batches = 0;
  for_each_batch(group, [&](std::string_view bytes) {
    batch_bytes += bytes.size();
    ++batches;
  });
  if (batches == 0 && group.metadata.Count() == 0 && !group.begins_segment) return {};
  if (group.begins_segment) log_.end_segment();
  logs_.store_closed(group.metadata);
  auto slot = log_.reserve(kHeaderSize + batch_bytes + group.metadata.GetDataSize() +
                           (batches + 1) * (kDirectoryEntrySize + kIndexPut));
  if (!slot) return std::unexpected(slot.error());
  group.slot = *slot;
  std::string directory;
  directory.reserve(batches * kDirectoryEntrySize);
  add_batches(group, directory);
  put(group, Family::meta, std::string(kAppliedKey), encode_slot(*slot));
  const std::string& metadata = group.metadata.Data();
  const RecordHeader header{log_.id(),
                            slot->lap,
                            slot->group,
                            batch_bytes,
                            metadata.size(),
                            batches,
                            crc32c(metadata, crc32c(directory))};
  group.head = encode(header) + directory;
  log_.reserved(header.padded_size());
  return {};
}

void GroupWriter::add_batches(Group& group, std::string& directory) {
  std::uint64_t position = group.slot.position + kHeaderSize;
  position += (group.placed.size() + group.moved_from.size()) * kDirectoryEntrySize;
  const auto give_place = [&](IndexEntry& entry) {
    entry.place.lap = group.slot.lap;
    entry.place.position = position;
    position += entry.place.bytes;
  };
  for (std::size_t i = 0; i < group.placed.size(); ++i) {
    const model::PlacedBatch& placed = group.placed[i];
    IndexEntry& entry = group.entries[i];
    give_place(entry);
    entry.appended_us = last_append_us_;
    encode(
        {placed.at, placed.base, static_cast<std::uint32_t>(placed.batch->size()), entry.place.crc,
         entry.place.bytes, entry.appended_us, earliest_us_[i], entry.latest_us},
        directory);
    put(group, Family::index, keys::batch(placed.at, placed.base), encode(entry));
  }
  earliest_us_.clear();
  for (const Pending& pending : group.pending)
    for (const Move& move : pending.moves) {
      IndexEntry entry = move.entry;
      give_place(entry);
      group.moved_to.push_back(entry.place);
      encode({move.at, move.base, 0, entry.place.crc, entry.place.bytes, entry.appended_us,
              entry.latest_us, entry.latest_us},
             directory);
      put(group, Family::index, keys::batch(move.at, move.base), encode(entry));
    }
}

void GroupWriter::add_append(const model::Append& append, Committed& committed, Group& group) {
  auto next = next_.find(append.to);
  if (next == next_.end()) next = next_.emplace(append.to, logs_.bounds(append.to)->end).first;
  const Offset base = next->second;
  next->second += append.batch->span();
  committed.bases.push_back(base);
  Joined& joined = joining_[append.to];
  const std::size_t bytes = append.batch->unpacked();
  if (bytes >= kJoinBelow || !append.batch->consecutive()) {
    flush_joined(append.to, joined, group);
    return place(append.to, base, append.batch, group);
  }
  if (joined.bytes + bytes > kJoinedBytes) flush_joined(append.to, joined, group);
  if (joined.batches.empty()) joined.base = base;
  joined.batches.push_back(append.batch);
  joined.bytes += bytes;
}

void GroupWriter::flush_joined(model::StreamPartition at, Joined& joined, Group& group) {
  if (joined.batches.empty()) return;
  if (joined.batches.size() == 1) {
    place(at, joined.base, std::move(joined.batches.front()), group);
  } else {
    for (const model::BatchPtr& batch : joined.batches)
      builder_.add_range(*batch, 0, batch->size());
    place(at, joined.base, builder_.finish(), group);
  }
  joined = {};
}

void GroupWriter::place(model::StreamPartition at, Offset base, model::BatchPtr batch,
                        Group& group) {
  IndexEntry entry;
  entry.place.bytes = static_cast<std::uint32_t>(batch->bytes().size());
  entry.place.crc = crc32c(batch->bytes());
  entry.span = batch->span();
  std::int64_t earliest = batch->time_us(0);
  entry.latest_us = earliest;
  for (std::size_t i = 1; i < batch->size(); ++i) {
    earliest = std::min(earliest, batch->time_us(i));
    entry.latest_us = std::max(entry.latest_us, batch->time_us(i));
  }
  earliest_us_.push_back(earliest);
  group.entries.push_back(entry);
  group.placed.push_back({at, base, std::move(batch)});
}

void GroupWriter::add_cursors(Group& group) {
  using Update = model::Transaction::ProgressUpdate;
  std::map<std::pair<BindingId, model::StreamPartition>, Update> last;
  for (const Pending& pending : group.pending)
    for (const Update& update : pending.transaction.progress) {
      const auto [at, first] = last.try_emplace({update.binding, update.at}, update);
      if (!first) model::join(at->second, update);
    }
  for (const auto& [where, update] : last) {
    const std::string key = keys::cursor(where.first, where.second);
    if (update.adds)
      group.metadata.Merge(database_.family(Family::cursors), key, codec::encode(update.progress));
    else
      put(group, Family::cursors, key, codec::encode(update.progress));
    bindings_.set_cursor(where.first, where.second, update.progress);
  }
}

void GroupWriter::add_records(const model::Transaction& transaction, Group& group) {
  for (const auto& retry : transaction.retries) add_retry(retry, group);
  add_letters(transaction, group);
  for (const model::DeadLetterId& id : transaction.dead_letters_removed) {
    remove(group, Family::dead_letters, keys::dead_letter(id));
    remove(group, Family::letter_keys, keys::dead_letter(id));
    bindings_.remove_dead_letter(id);
  }
  for (const model::CompletedKeys& done : transaction.idempotency) join_keys(done, group);
  for (const model::LedgerWrite& write : transaction.ledger) {
    const std::string key = keys::ledger(write.connector, write.key);
    if (write.value)
      put(group, Family::ledger, key, *write.value);
    else
      remove(group, Family::ledger, key);
  }
}

void GroupWriter::add_retry(const model::Transaction::RetryUpdate& retry, Group& group) {
  const std::string key = keys::retry(retry.binding, retry.at, retry.offset);
  if (!retry.state) return remove(group, Family::retries, key);
  std::string state = codec::encode(*retry.state);
  if (retry.appends)
    group.metadata.Merge(database_.family(Family::retries), key, state);
  else
    put(group, Family::retries, key, state);
  histories_.add(key, std::move(state), retry.appends);
}

void GroupWriter::add_letters(const model::Transaction& transaction, Group& group) {
  const auto histories = model::stored_histories(transaction);
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    // A replay that failed puts its letter back, unless that was purged meanwhile.
    if (letter.replays > 0 && !bindings_.has_dead_letter(letter.id)) continue;
    const std::string key = keys::dead_letter(letter.id);
    if (const auto* at = find(histories, letter.id)) {
      model::DeadLetter whole = letter;
      prepend_history(whole,
                      histories_.find(keys::retry(letter.id.binding, *at, letter.id.offset)));
      put(group, Family::dead_letters, key, codec::encode(whole));
    } else {
      put(group, Family::dead_letters, key, codec::encode(letter));
    }
    put(group, Family::letter_keys, key, "");
    bindings_.add_dead_letter(letter.id);
  }
}

// A key is known for at least its time to live: of several times, the latest counts.
void GroupWriter::join_keys(const model::CompletedKeys& done, Group& group) {
  model::CompletedKeys& joined = completed_[done.binding];
  joined.binding = done.binding;
  joined.time = std::max(joined.time, done.time);
  joined.fingerprints.insert(joined.fingerprints.end(), done.fingerprints.begin(),
                             done.fingerprints.end());
  if (joined.fingerprints.size() >= kKeysOfARecord) flush_keys(joined, group);
}

void GroupWriter::flush_keys(model::CompletedKeys& joined, Group& group) {
  if (joined.fingerprints.empty()) return;
  put(group, Family::idempotency,
      keys::idempotency(joined.binding, joined.time, log_.next_group(), group.key_records++),
      codec::encode(joined.fingerprints));
  joined = {};
}

void GroupWriter::flush_all_keys(Group& group) {
  for (auto& [binding, keys] : completed_) flush_keys(keys, group);
  completed_.clear();
}

void GroupWriter::add_changes(const Changes& changes, Group& group) {
  for (const Changes::Change& change : changes.all()) {
    if (change.kind == Changes::Change::Kind::put)
      put(group, change.family, change.key, change.value);
    else
      remove(group, change.family, change.key);
  }
}

void GroupWriter::put(Group& group, Family family, const std::string& key,
                      const std::string& value) {
  group.metadata.Put(database_.family(family), key, value);
}

void GroupWriter::remove(Group& group, Family family, const std::string& key) {
  group.metadata.Delete(database_.family(family), key);
}

}  // namespace pelton::store
