// SPDX-License-Identifier: Apache-2.0
#include "engine/store/group_writer.h"

#include "engine/store/binding_state.h"
#include "engine/store/codec.h"
#include "engine/store/keys.h"

namespace pelton::store {
namespace {

// Appends below this size are joined with their neighbours: many producers of single events would
// otherwise cost a RocksDB key, a read and a frame each.
constexpr std::size_t kJoinBelow = 32U << 10;
constexpr std::size_t kJoinedBytes = 256U << 10;

}  // namespace

Group GroupWriter::build(std::vector<Pending>& group) {
  writes_.Clear();
  Group out{writes_, {}, {}};
  out.commits.resize(group.size());
  for (std::size_t i = 0; i < group.size(); ++i)
    for (const model::Append& append : group[i].transaction.appends)
      add_append(append, out.commits[i], out);
  for (auto& [at, joined] : joining_) flush_joined(at, joined, out);
  joining_.clear();
  add_cursors(group, out);
  for (const Pending& pending : group) add_records(pending.transaction, out);
  logs_.store_closed(out.writes);
  return out;
}

void GroupWriter::add_append(const model::Append& append, Committed& committed, Group& out) {
  auto next = next_.find(append.to);
  if (next == next_.end()) next = next_.emplace(append.to, logs_.bounds(append.to)->end).first;
  const Offset base = next->second;
  next->second += append.batch->span();
  committed.bases.push_back(base);
  Joined& joined = joining_[append.to];
  const std::size_t bytes = append.batch->bytes().size();
  if (bytes >= kJoinBelow || !append.batch->consecutive()) {
    flush_joined(append.to, joined, out);
    return place(append.to, base, append.batch, out);
  }
  if (joined.bytes + bytes > kJoinedBytes) flush_joined(append.to, joined, out);
  if (joined.batches.empty()) joined.base = base;
  joined.batches.push_back(append.batch);
  joined.bytes += bytes;
}

void GroupWriter::flush_joined(model::StreamPartition at, Joined& joined, Group& out) {
  if (joined.batches.empty()) return;
  if (joined.batches.size() == 1) {
    place(at, joined.base, std::move(joined.batches.front()), out);
  } else {
    for (const model::BatchPtr& batch : joined.batches)
      builder_.add_range(*batch, 0, batch->size());
    place(at, joined.base, builder_.finish(), out);
  }
  joined = {};
}

void GroupWriter::place(model::StreamPartition at, Offset base, model::BatchPtr batch, Group& out) {
  out.writes.Put(database_.family(Family::streams), keys::batch(at, base), slice(batch->bytes()));
  out.placed.push_back({at, base, std::move(batch)});
}

void GroupWriter::add_cursors(const std::vector<Pending>& group, Group& out) {
  std::map<std::pair<BindingId, model::StreamPartition>, const model::Progress*> last;
  for (const Pending& pending : group)
    for (const auto& update : pending.transaction.progress)
      last[{update.binding, update.at}] = &update.progress;
  for (const auto& [where, cursor] : last) {
    put(out, Family::cursors, keys::cursor(where.first, where.second), codec::encode(*cursor));
    bindings_.set_cursor(where.first, where.second, *cursor);
  }
}

void GroupWriter::add_records(const model::Transaction& transaction, Group& out) {
  for (const auto& retry : transaction.retries) {
    const std::string key = keys::retry(retry.binding, retry.at, retry.offset);
    if (retry.state)
      put(out, Family::retries, key, codec::encode(*retry.state));
    else
      remove(out, Family::retries, key);
  }
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    put(out, Family::dead_letters, keys::dead_letter(letter.id), codec::encode(letter));
    bindings_.add_dead_letter(letter.id);
  }
  for (const model::DeadLetterId& id : transaction.dead_letters_removed) {
    remove(out, Family::dead_letters, keys::dead_letter(id));
    bindings_.remove_dead_letter(id);
  }
  for (const auto& update : transaction.idempotency)
    put(out, Family::idempotency,
        keys::idempotency(update.binding, update.record.time, update.record.fingerprint),
        codec::encode(update.record));
}

void GroupWriter::put(Group& out, Family family, const std::string& key, const std::string& value) {
  out.writes.Put(database_.family(family), key, value);
}

void GroupWriter::remove(Group& out, Family family, const std::string& key) {
  out.writes.Delete(database_.family(family), key);
}

}  // namespace pelton::store
