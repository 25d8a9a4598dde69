// SPDX-License-Identifier: Apache-2.0
// What is found of every partition at start.
#include "engine/store/keys.h"
#include "engine/store/logs.h"
#include "engine/store/names.h"

namespace pelton::store {
namespace {

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

Status Logs::open(std::span<const StreamSpec> specs, const WriteChanges& write) {
  if (auto ok = reopen(specs, write); !ok) return ok;
  auto all = names::all_partitions(database_);
  if (!all) return std::unexpected(all.error());
  for (const model::StreamPartition& at : *all)
    if (auto ok = open_partition(at); !ok) return ok;
  return {};
}

// What a partition has is there before anybody may append to it.
Status Logs::reopen(std::span<const StreamSpec> specs, const WriteChanges& write) {
  std::map<std::string, StreamId, std::less<>> ids;
  std::map<StreamId, StreamSpec> by_id;
  for (const StreamSpec& spec : specs) {
    auto id = open_stream(spec, write);
    if (!id) return std::unexpected(id.error());
    ids[spec.name] = *id;
    by_id[*id] = spec;
  }
  const std::lock_guard lock(specs_mutex_);
  names_ = std::move(ids);
  specs_ = std::move(by_id);
  return {};
}

Result<StreamId> Logs::open_stream(const StreamSpec& spec, const WriteChanges& write) {
  auto known = names::stream(database_, write, spec);
  if (!known) return std::unexpected(known.error());
  set_incarnation(known->id, known->incarnation);
  for (std::uint32_t p = 0; p < spec.partitions; ++p)
    if (auto ok = open_partition({known->id, PartitionId{p}}); !ok)
      return std::unexpected(
          std::move(ok.error()).within(fmt::format("opening stream {}", spec.name)));
  return known->id;
}

Result<std::deque<Extent>> Logs::stored_extents(model::StreamPartition at) {
  std::deque<Extent> extents;
  Status bad;
  const std::string prefix = keys::partition(at);
  auto read = database_.scan(Family::extents, prefix, prefix, [&](auto key, auto value) {
    auto extent = decode_extent(keys::batch_base(key), value);
    if (extent)
      extents.push_back(*extent);
    else
      bad = std::unexpected(extent.error());
    return extent.has_value();
  });
  if (!read) return std::unexpected(read.error());
  if (!bad) return std::unexpected(bad.error());
  return extents;
}

Status Logs::rebuild_last(model::StreamPartition at, Offset from, std::deque<Extent>& extents) {
  auto found = look_up(at, from, SIZE_MAX);
  if (!found) return std::unexpected(found.error());
  Offset next = from;
  bool begin = true;
  for (const Found& each : *found) {
    if (each.base != next) return missing(at, next, each.base);
    next = each.base + each.entry.span;
    if (begin || extents.back().full()) extents.emplace_back();
    begin = false;
    extents.back().add(each.base, each.entry);
  }
  return {};
}

Status Logs::open_partition(model::StreamPartition at) {
  {
    const std::lock_guard lock(mutex_);
    if (entries_.contains(at)) return {};
  }
  StreamBounds bounds;
  auto stored = database_.get(Family::meta, names::bounds_key(at));
  if (!stored) return std::unexpected(stored.error());
  if (*stored) {
    auto decoded = decode_bounds(**stored);
    if (!decoded) return std::unexpected(decoded.error());
    bounds = *decoded;
  }
  auto extents = stored_extents(at);
  if (!extents) return std::unexpected(extents.error());
  const Offset closed = extents->empty() ? bounds.earliest : extents->back().end;
  if (auto ok = rebuild_last(at, closed, *extents); !ok) return ok;
  if (!extents->empty()) {
    bounds.earliest = extents->front().begin;
    bounds.end = extents->back().end;
  } else {
    bounds.earliest = bounds.end;
  }
  std::lock_guard lock(mutex_);
  entries_[at].log.restore(bounds, std::move(*extents));
  return {};
}

}  // namespace pelton::store
