// SPDX-License-Identifier: Apache-2.0
#include "engine/store/logs.h"

#include "engine/store/keys.h"
#include "engine/store/names.h"

#include <algorithm>

namespace pelton::store {
namespace {

// What a batch takes in memory beside its bytes: tails of many small ones must stay bounded too.
constexpr std::uint64_t kBatchOverhead = 640;

std::uint64_t tail_cost(const model::PlacedBatch& placed) {
  return placed.batch->bytes().size() + kBatchOverhead;
}

std::string missing(Offset next) {
  return fmt::format("missing; the next batch that is stored begins at {}", next);
}

Result<StreamBounds> decode_bounds(std::string_view bytes) {
  if (bytes.size() != 16) return fail(ErrorKind::corrupt, "E4001", "stored bounds are damaged");
  StreamBounds bounds;
  bounds.earliest = static_cast<Offset>(keys::take_u64(bytes));
  bounds.end = static_cast<Offset>(keys::take_u64(bytes));
  return bounds;
}

}  // namespace

std::string encode_bounds(StreamBounds bounds) {
  std::string out;
  keys::put_u64(out, static_cast<std::uint64_t>(bounds.earliest));
  keys::put_u64(out, static_cast<std::uint64_t>(bounds.end));
  return out;
}

std::unexpected<Error> Logs::damaged(model::StreamPartition at, Offset base,
                                     const std::string& cause) const {
  const auto spec = specs_.find(at.stream);
  return fail(ErrorKind::corrupt, "E4001", "stream {}, partition {}, offset {}: {}",
              spec == specs_.end() ? std::to_string(at.stream.value) : spec->second.name,
              at.partition.value, base, cause);
}

Result<model::PlacedBatch> Logs::parse(model::StreamPartition at, std::string_view key,
                                       std::string_view value) const {
  if (key.size() != keys::kBatchKeySize) return damaged(at, 0, "the key of a batch is damaged");
  const Offset base = keys::batch_base(key);
  auto batch = model::Batch::parse(std::string(value));
  if (!batch) return damaged(at, base, batch.error().message);
  if ((*batch)->size() == 0) return damaged(at, base, "a batch without events");
  return model::PlacedBatch{at, base, std::move(*batch)};
}

bool Logs::has(model::StreamPartition at) const {
  const auto spec = specs_.find(at.stream);
  return spec != specs_.end() && at.partition.value < spec->second.partitions;
}

Status Logs::open(std::span<const StreamSpec> specs) {
  for (const StreamSpec& spec : specs)
    if (auto ok = open_stream(spec); !ok) return ok;
  return {};
}

Status Logs::open_stream(const StreamSpec& spec) {
  auto id = names::stream(database_, spec.name, spec.partitions);
  if (!id) return std::unexpected(id.error());
  names_[spec.name] = *id;
  specs_[*id] = spec;
  for (std::uint32_t p = 0; p < spec.partitions; ++p)
    if (auto ok = open_partition({*id, PartitionId{p}}); !ok)
      return std::unexpected(
          std::move(ok.error()).within(fmt::format("opening stream {}", spec.name)));
  return {};
}

Result<std::deque<Segment>> Logs::stored_segments(model::StreamPartition at) {
  std::deque<Segment> segments;
  Status bad;
  const std::string prefix = keys::partition(at);
  auto read = database_.scan(Family::segments, prefix, prefix, [&](auto key, auto value) {
    auto segment = decode_segment(keys::batch_base(key), value);
    if (segment)
      segments.push_back(*segment);
    else
      bad = std::unexpected(segment.error());
    return segment.has_value();
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return segments;
}

Status Logs::rebuild_last(model::StreamPartition at, Offset from, std::deque<Segment>& segments) {
  Status bad;
  Offset next = from;
  auto read = database_.scan(Family::streams, keys::partition(at), keys::batch(at, from),
                             [&](auto key, auto value) {
                               auto placed = parse(at, key, value);
                               if (placed && placed->base != next)
                                 placed = damaged(at, next, missing(placed->base));
                               if (!placed) {
                                 bad = std::unexpected(placed.error());
                                 return false;
                               }
                               next = placed->base + placed->batch->span();
                               const std::int64_t latest = max_time(*placed->batch);
                               if (segments.empty() || segments.back().begin < from)
                                 segments.push_back({placed->base, placed->base, 0, latest});
                               Segment& last = segments.back();
                               last.end = next;
                               last.bytes += value.size();
                               last.max_time_us = std::max(last.max_time_us, latest);
                               return true;
                             });
  return read ? bad : read;
}

Status Logs::open_partition(model::StreamPartition at) {
  StreamBounds bounds;
  auto stored = database_.get(Family::meta, names::bounds_key(at));
  if (!stored) return std::unexpected(stored.error());
  if (*stored) {
    auto decoded = decode_bounds(**stored);
    if (!decoded) return std::unexpected(decoded.error());
    bounds = *decoded;
  }
  auto segments = stored_segments(at);
  if (!segments) return std::unexpected(segments.error());
  const Offset closed = segments->empty() ? bounds.earliest : segments->back().end;
  if (auto ok = rebuild_last(at, closed, *segments); !ok) return ok;
  if (!segments->empty()) {
    bounds.earliest = segments->front().begin;
    bounds.end = segments->back().end;
  } else {
    bounds.earliest = bounds.end;
  }
  std::lock_guard lock(mutex_);
  entries_[at].log.restore(bounds, std::move(*segments));
  return {};
}

std::optional<StreamId> Logs::find(std::string_view name) const {
  const auto at = names_.find(name);
  return at == names_.end() ? std::nullopt : std::optional(at->second);
}

Result<const Logs::Entry*> Logs::find_locked(model::StreamPartition at) const {
  const auto entry = entries_.find(at);
  if (entry == entries_.end())
    return fail(ErrorKind::invalid, "E4107", "no partition {} of stream {}", at.partition.value,
                at.stream.value);
  return &entry->second;
}

void Logs::store_closed(rocksdb::WriteBatch& batch) {
  for (const auto& [at, segment] : closed_)
    batch.Put(database_.family(Family::segments), keys::batch(at, segment.begin),
              encode_segment(segment));
  closed_.clear();
}

std::deque<Segment> Logs::segments(model::StreamPartition at) const {
  std::lock_guard lock(mutex_);
  return entries_.at(at).log.segments();
}

void Logs::append(std::span<const model::PlacedBatch> batches) {
  std::lock_guard lock(mutex_);
  for (const model::PlacedBatch& placed : batches) {
    if (auto closed = entries_.at(placed.at).log.append(placed))
      closed_.emplace_back(placed.at, *closed);
    tail_order_.push_back(placed.at);
    tail_bytes_ += tail_cost(placed);
  }
  trim_tail();
}

void Logs::trim_tail() {
  while (tail_bytes_ > tail_limit_ && !tail_order_.empty()) {
    auto evicted = entries_.at(tail_order_.front()).log.evict();
    if (evicted) tail_bytes_ -= tail_cost(*evicted);
    tail_order_.pop_front();
  }
}

void Logs::drop(model::StreamPartition at, std::size_t segments, std::uint64_t unsettled) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(at);
  const std::vector<model::PlacedBatch> gone = entry.log.drop(segments);
  for (const model::PlacedBatch& placed : gone) tail_bytes_ -= tail_cost(placed);
  std::size_t places = gone.size();
  std::erase_if(tail_order_, [&](model::StreamPartition other) {
    if (other != at || places == 0) return false;
    --places;
    return true;
  });
  // A closed segment that waits for the next group must not be stored after its batches are gone.
  const Offset earliest = entry.log.bounds().earliest;
  std::erase_if(closed_, [&](const auto& closed) {
    return closed.first == at && closed.second.begin < earliest;
  });
  entry.dropped_unsettled += unsettled;
}

Result<std::vector<model::PlacedBatch>> Logs::read(model::StreamPartition at, Offset from,
                                                   std::size_t max_bytes) {
  std::vector<model::PlacedBatch> batches;
  {
    std::lock_guard lock(mutex_);
    auto entry = find_locked(at);
    if (!entry) return std::unexpected(entry.error());
    from = std::max(from, (*entry)->log.bounds().earliest);
    if ((*entry)->log.read_tail(from, max_bytes, batches)) return batches;
  }
  return read_stored(at, from, max_bytes);
}

Result<std::vector<model::PlacedBatch>> Logs::read_stored(model::StreamPartition at, Offset from,
                                                          std::size_t max_bytes) {
  std::vector<model::PlacedBatch> batches;
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db().NewIterator({}, database_.family(Family::streams)));
  const std::string prefix = keys::partition(at);
  const std::string first = keys::batch(at, from);
  // A reader that goes on begins where a batch does; turning an iterator costs a second search.
  it->Seek(first);
  if (!it->Valid() || it->key() != first) {
    it->SeekForPrev(first);
    if (!it->Valid() || !it->key().starts_with(prefix)) it->Seek(first);
  }
  std::size_t bytes = 0;
  Offset next = from;
  for (; it->Valid() && it->key().starts_with(prefix) && (batches.empty() || bytes < max_bytes);
       it->Next()) {
    auto placed = parse(at, view(it->key()), view(it->value()));
    if (!placed) return std::unexpected(placed.error());
    const Offset end = placed->base + placed->batch->span();
    if (end <= from) continue;
    // Offsets have no gaps, unless retention has just dropped what was asked for.
    if (placed->base > next && !dropped(at, next)) return damaged(at, next, missing(placed->base));
    next = end;
    bytes += it->value().size();
    batches.push_back(std::move(*placed));
  }
  if (!it->status().ok()) return damaged(at, next, it->status().ToString());
  return batches;
}

bool Logs::dropped(model::StreamPartition at, Offset offset) const {
  std::lock_guard lock(mutex_);
  return offset < entries_.at(at).log.bounds().earliest;
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
    from = (*entry)->log.segment_at(to_us(time));
  }
  while (from && *from < end) {
    auto batches = read(at, *from, kSegmentBytes);
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
