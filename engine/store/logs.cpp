// SPDX-License-Identifier: Apache-2.0
#include "engine/store/logs.h"

#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {
namespace {

constexpr int kLooks = 16;

}  // namespace

std::unexpected<Error> Logs::missing(model::StreamPartition at, Offset from, Offset next) const {
  return damaged(at, from,
                 fmt::format("missing; the next batch that is stored begins at {}", next));
}

std::unexpected<Error> Logs::damaged(model::StreamPartition at, Offset base,
                                     const std::string& cause) const {
  return fail(ErrorKind::corrupt, "E4001", "stream {}, partition {}, offset {}: {}",
              name(at.stream), at.partition.value, base, cause);
}

bool Logs::has(model::StreamPartition at) const {
  const std::shared_lock lock(specs_mutex_);
  const auto spec = specs_.find(at.stream);
  return spec != specs_.end() && at.partition.value < spec->second.partitions;
}

std::map<StreamId, StreamSpec> Logs::streams() const {
  const std::shared_lock lock(specs_mutex_);
  return specs_;
}

std::string Logs::name(StreamId stream) const {
  const std::shared_lock lock(specs_mutex_);
  const auto spec = specs_.find(stream);
  return spec == specs_.end() ? std::to_string(stream.value) : spec->second.name;
}

std::optional<StreamId> Logs::find(std::string_view name) const {
  const std::shared_lock lock(specs_mutex_);
  const auto at = names_.find(name);
  return at == names_.end() ? std::nullopt : std::optional(at->second);
}

Incarnation Logs::incarnation(StreamId stream) const {
  std::lock_guard lock(mutex_);
  const auto found = incarnations_.find(stream);
  return found == incarnations_.end() ? Incarnation{} : found->second;
}

void Logs::set_incarnation(StreamId stream, Incarnation incarnation) {
  std::lock_guard lock(mutex_);
  incarnations_[stream] = incarnation;
}

Result<const Logs::Entry*> Logs::find_locked(model::StreamPartition at) const {
  const auto entry = entries_.find(at);
  if (entry == entries_.end())
    return fail(ErrorKind::invalid, "E4107", "no partition {} of stream {}", at.partition.value,
                at.stream.value);
  return &entry->second;
}

void Logs::store_closed(rocksdb::WriteBatch& batch) {
  std::lock_guard lock(mutex_);
  for (const auto& [at, extent] : closed_)
    batch.Put(database_.family(Family::extents), keys::batch(at, extent.begin), encode(extent));
  closed_.clear();
}

std::deque<Extent> Logs::extents(model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  return entries_.at(at).log.extents();
}

void Logs::append(std::span<const model::PlacedBatch> batches,
                  std::span<const IndexEntry> entries) {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const model::PlacedBatch& placed = batches[i];
    if (auto closed = entries_.at(placed.at).log.append(placed, entries[i]))
      closed_.emplace_back(placed.at, *closed);
    keep(placed);
  }
  trim_tail();
}

void Logs::keep(const model::PlacedBatch& placed) {
  tail_.push_back({placed.at, {placed.batch, memory_, MemoryUse::tail}});
  tail_bytes_ += placed.batch->memory();
}

void Logs::trim_tail() {
  const std::uint64_t most =
      memory_ == nullptr ? tail_most_ : std::min(tail_most_, memory_->tail_limit());
  for (; tail_bytes_ > most && !tail_.empty(); tail_.pop_front()) {
    entries_.at(tail_.front().at).log.evict();
    tail_bytes_ -= tail_.front().batch->memory();
  }
}

void Logs::drop(std::vector<Cut>& cuts) {
  std::lock_guard lock(mutex_);
  std::erase_if(cuts, [&](const Cut& cut) {
    return entries_.at(cut.at).log.extents().at(cut.extents.size() - 1).end != cut.up_to;
  });
  std::map<model::StreamPartition, std::size_t> gone;  // batches of the tail
  std::map<model::StreamPartition, Offset> earliest;
  for (const Cut& cut : cuts) {
    Entry& entry = entries_.at(cut.at);
    for (const model::PlacedBatch& placed : entry.log.drop(cut.extents.size())) {
      tail_bytes_ -= placed.batch->memory();
      ++gone[cut.at];
    }
    earliest[cut.at] = entry.log.bounds().earliest;
    entry.dropped_unsettled += cut.unsettled;
  }
  if (!gone.empty())
    std::erase_if(tail_, [&](const InTail& kept) {
      const auto left = gone.find(kept.at);
      return left != gone.end() && left->second > 0 && left->second-- > 0;
    });
  // A closed extent that waits for the next group must not be stored after its batches are gone.
  std::erase_if(closed_, [&](const auto& closed) {
    const auto cut = earliest.find(closed.first);
    return cut != earliest.end() && closed.second.begin < cut->second;
  });
}

void Logs::forget(StreamId stream) {
  std::lock_guard lock(mutex_);
  std::erase_if(tail_, [&](const InTail& kept) {
    if (kept.at.stream != stream) return false;
    tail_bytes_ -= kept.batch->memory();
    return true;
  });
  std::erase_if(entries_, [&](const auto& entry) { return entry.first.stream == stream; });
  std::erase_if(closed_, [&](const auto& closed) { return closed.first.stream == stream; });
}

Result<std::optional<std::vector<model::PlacedBatch>>> Logs::read_tail(model::StreamPartition at,
                                                                       Offset from,
                                                                       std::size_t max_bytes) {
  std::lock_guard lock(mutex_);
  auto entry = find_locked(at);
  if (!entry) return std::unexpected(entry.error());
  // Whoever reads takes memory, for which the tail may have to give way.
  trim_tail();
  std::vector<model::PlacedBatch> batches;
  from = std::max(from, (*entry)->log.bounds().earliest);
  if (!(*entry)->log.read_tail(from, max_bytes, batches)) return std::nullopt;
  return batches;
}

Result<std::vector<model::PlacedBatch>> Logs::read(model::StreamPartition at, Offset from,
                                                   std::size_t max_bytes) {
  auto tail = read_tail(at, from, max_bytes);
  if (!tail) return std::unexpected(tail.error());
  if (*tail) return std::move(**tail);
  return read_stored(at, from, max_bytes);
}

Result<std::vector<Logs::Found>> Logs::look_up(model::StreamPartition at, Offset from,
                                               std::size_t max_bytes) const {
  const std::string prefix = keys::partition(at);
  // What retention has dropped of other partitions is not to be walked over.
  const rocksdb::Slice lower = prefix;
  const std::string end = keys::behind(prefix);
  const rocksdb::Slice upper = end;
  rocksdb::ReadOptions within;
  within.iterate_lower_bound = &lower;
  within.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db().NewIterator(within, database_.family(Family::index)));
  const std::string first = keys::batch(at, from);
  // A reader that goes on begins where a batch does; turning an iterator costs a second search.
  it->Seek(first);
  if (!it->Valid() || it->key() != first) {
    it->SeekForPrev(first);
    if (!it->Valid() || !it->key().starts_with(prefix)) it->Seek(first);
  }
  std::vector<Found> found;
  std::size_t bytes = 0;
  for (; it->Valid() && it->key().starts_with(prefix) && (found.empty() || bytes < max_bytes);
       it->Next()) {
    const Offset base = keys::batch_base(view(it->key()));
    auto entry = decode_index_entry(view(it->value()));
    if (!entry || it->key().size() != keys::kBatchKeySize)
      return damaged(at, base, "an entry of the index is damaged");
    if (base + entry->span <= from) continue;
    bytes += model::Batch::unpacked(entry->place.bytes, static_cast<std::uint64_t>(entry->span));
    found.push_back({base, *entry});
  }
  if (!it->status().ok() && found.empty()) return damaged(at, from, it->status().ToString());
  return found;
}

Result<std::optional<model::PlacedBatch>> Logs::fetch(model::StreamPartition at,
                                                      const Found& found) const {
  auto bytes = log_.read(found.entry.place);
  if (!bytes && bytes.error().kind != ErrorKind::corrupt) return std::unexpected(bytes.error());
  if (!bytes) return damaged(at, found.base, bytes.error().message);
  if (!*bytes) return std::nullopt;
  auto batch = model::Batch::parse(std::move(**bytes));
  if (!batch) return damaged(at, found.base, batch.error().message);
  if ((*batch)->size() == 0) return damaged(at, found.base, "a batch without events");
  return model::PlacedBatch{at, found.base, std::move(*batch)};
}

Result<std::vector<model::PlacedBatch>> Logs::read_stored(model::StreamPartition at, Offset from,
                                                          std::size_t max_bytes) {
  // A batch may be dropped or copied elsewhere between the look at the index and the read; then the
  // index says so at the next look. It is looked at only so often: a segment may be missing.
  for (int looks = 0;; ++looks) {
    const auto known = bounds(at);
    if (!known) return std::unexpected(known.error());
    from = std::max(from, known->earliest);
    auto found = look_up(at, from, max_bytes);
    if (!found) return std::unexpected(found.error());
    std::vector<model::PlacedBatch> batches;
    Offset next = from;
    for (const Found& each : *found) {
      // Offsets have no gaps, unless retention has just dropped what was asked for.
      const bool gap = each.base > next && !dropped(at, next);
      auto batch = gap ? missing(at, next, each.base) : fetch(at, each);
      // What is whole before the damage is given out; the next read begins with the damage.
      if (!batch && !batches.empty()) return batches;
      if (!batch) return std::unexpected(batch.error());
      if (!*batch) break;
      next = each.base + each.entry.span;
      batches.push_back(std::move(**batch));
    }
    if (!batches.empty() || found->empty()) return batches;
    if (looks == kLooks) return damaged(at, next, "its segment of the log is missing");
  }
}

bool Logs::dropped(model::StreamPartition at, Offset offset) const {
  const auto known = bounds(at);
  return !known || offset < known->earliest;
}

Result<StreamBounds> Logs::bounds(model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  auto entry = find_locked(at);
  if (!entry) return std::unexpected(entry.error());
  return (*entry)->log.bounds();
}

Result<PartitionStats> Logs::stats(model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  auto entry = find_locked(at);
  if (!entry) return std::unexpected(entry.error());
  return PartitionStats{(*entry)->log.bounds(), (*entry)->log.bytes(), (*entry)->dropped_unsettled};
}

Result<Offset> Logs::offset_at(model::StreamPartition at, WallTime time) {
  std::optional<Offset> from;
  Offset end = 0;
  {
    std::lock_guard lock(mutex_);
    auto entry = find_locked(at);
    if (!entry) return std::unexpected(entry.error());
    end = (*entry)->log.bounds().end;
    from = (*entry)->log.extent_at(to_us(time));
  }
  while (from && *from < end) {
    auto batches = read(at, *from, Extent::kBytes);
    if (!batches) return std::unexpected(batches.error());
    if (batches->empty()) break;
    for (const model::PlacedBatch& placed : *batches) {
      for (std::size_t i = 0; i < placed.batch->size(); ++i)
        if (placed.batch->time_us(i) >= to_us(time)) return placed.base + placed.batch->delta(i);
      *from = placed.base + placed.batch->span();
    }
  }
  return end;
}

}  // namespace pelton::store
