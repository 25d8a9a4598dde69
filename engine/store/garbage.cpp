// SPDX-License-Identifier: Apache-2.0
#include "engine/store/garbage.h"

#include "engine/model/records.h"
#include "engine/store/keys.h"
#include "engine/store/ledger.h"
#include "engine/store/names.h"
#include "engine/store/partition_log.h"

#include <rocksdb/convenience.h>

#include <span>
#include <utility>
#include <vector>

namespace pelton::store {
namespace {

// Keys that one group removes at most, about 100 bytes each.
constexpr std::size_t kRemoveAtOnce = 1U << 16;

std::string begin_of(std::uint32_t number) {
  std::string key;
  keys::put_u32(key, number);
  return key;
}

// Removes the files that hold nothing but keys from `from` on and below `end` (empty: to the last
// key), unread. Such keys may remain elsewhere, and older values of theirs come back.
Status drop_files(Database& database, Family family, const std::string& from,
                  const std::string& end) {
  const rocksdb::Slice first = from;
  const rocksdb::Slice behind = end;
  const auto status = rocksdb::DeleteFilesInRange(&database.db(), database.family(family), &first,
                                                  end.empty() ? nullptr : &behind, false);
  return status.ok() ? Status{} : database_error("writing the store", status);
}

}  // namespace

void Garbage::set_ttl(BindingId binding, Duration ttl) {
  std::lock_guard lock(mutex_);
  expiries_[binding] = {ttl, {}};
}

Status Garbage::collect(WallTime now) {
  if (auto ok = collect_keys(now); !ok) return ok;
  if (std::exchange(collected_forgotten_, true)) return {};
  return collect_forgotten();
}

Status Garbage::collect_keys(WallTime now) {
  std::vector<std::pair<BindingId, WallTime>> expired;
  std::unique_lock lock(mutex_);
  for (auto& [binding, expiry] : expiries_) {
    const WallTime keep = model::remembered_since(now, expiry.ttl);
    if (keep <= expiry.dropped) continue;
    expiry.dropped = keep;
    expired.emplace_back(binding, keep);
  }
  lock.unlock();
  for (const auto& [binding, keep] : expired) {
    const Range range{Family::idempotency, begin_of(binding.value),
                      keys::idempotency_from(binding, keep)};
    // Most of them without reading them.
    if (auto ok = drop_files(database_, range.family, range.prefix, range.end); !ok) return ok;
    if (auto ok = remove(range,
                         [](auto key, auto, Changes& changes) {
                           changes.remove(Family::idempotency, std::string(key));
                         });
        !ok)
      return ok;
  }
  return {};
}

Status Garbage::collect_forgotten() {
  auto streams = names::forgotten_streams(database_);
  if (!streams) return std::unexpected(streams.error());
  for (const StreamId stream : *streams)
    if (auto ok = remove(stream); !ok) return ok;
  auto bindings = names::forgotten_bindings(database_);
  if (!bindings) return std::unexpected(bindings.error());
  for (const BindingId binding : *bindings)
    if (auto ok = remove(binding); !ok) return ok;
  return {};
}

Status Garbage::remove(StreamId stream) {
  if (auto ok = remove_index(stream); !ok) return ok;
  if (auto ok = remove_all(Family::extents, begin_of(stream.value)); !ok) return ok;
  if (auto ok = remove_all(Family::meta, names::bounds_prefix(stream)); !ok) return ok;
  if (auto ok = remove_progress(stream); !ok) return ok;
  if (auto ok = remove_all(Family::ledger, keys::ledger(ledger_of(stream), "")); !ok) return ok;
  Changes changes;
  names::end_forgotten(stream, changes);
  return write_(std::move(changes));
}

Status Garbage::remove(BindingId binding) {
  std::unique_lock lock(mutex_);
  expiries_.erase(binding);
  lock.unlock();
  const std::string prefix = begin_of(binding.value);
  if (auto ok = drop_files(database_, Family::idempotency, prefix, keys::behind(prefix)); !ok)
    return ok;
  for (const Family family : {Family::cursors, Family::retries, Family::idempotency})
    if (auto ok = remove_all(family, prefix); !ok) return ok;
  // Letters may be damaged: they are not read.
  if (auto ok = remove({Family::letter_keys, prefix, {}},
                       [](auto key, auto, Changes& changes) {
                         changes.remove(Family::dead_letters, std::string(key));
                         changes.remove(Family::letter_keys, std::string(key));
                       });
      !ok)
    return ok;
  Changes changes;
  names::end_forgotten(binding, changes);
  return write_(std::move(changes));
}

Status Garbage::remove_index(StreamId stream) {
  // No segment is recycled before the entries are gone: that is this thread's work, too.
  return remove({Family::index, begin_of(stream.value), {}},
                [&](auto key, auto value, Changes& changes) {
                  if (const auto entry = decode_index_entry(value))
                    log_.remove_live(std::span(&entry->place, 1));
                  changes.remove(Family::index, std::string(key));
                });
}

Status Garbage::remove_progress(StreamId stream) {
  for (const Family family : {Family::cursors, Family::retries}) {
    auto removed = remove({family, {}, {}}, [&](auto key, auto, Changes& changes) {
      std::string_view rest = key.substr(4);
      if (keys::take_u32(rest) == stream.value) changes.remove(family, std::string(key));
    });
    if (!removed) return removed;
  }
  return {};
}

Status Garbage::remove_all(Family family, const std::string& prefix) {
  return remove({family, prefix, {}}, [family](auto key, auto, Changes& changes) {
    changes.remove(family, std::string(key));
  });
}

Status Garbage::remove(const Range& range, const Pick& pick) {
  std::string from = range.prefix;
  for (bool more = true; more;) {
    if (stopping_) return fail(ErrorKind::cancelled, "E4108", "the store is closing");
    more = false;
    Changes changes;
    auto read = database_.scan(range.family, range.prefix, from, [&](auto key, auto value) {
      if (!range.end.empty() && key >= range.end) return false;
      more = changes.all().size() >= kRemoveAtOnce;
      if (more)
        from = key;
      else
        pick(key, value, changes);
      return !more;
    });
    if (!read) return read;
    if (changes.empty()) return {};
    if (auto ok = write_(std::move(changes)); !ok) return ok;
  }
  return {};
}

}  // namespace pelton::store
