// SPDX-License-Identifier: Apache-2.0
// What is found of every partition at start.
#include "engine/store/keys.h"
#include "engine/store/logs.h"
#include "engine/store/names.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

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

Status Logs::rebuild(model::StreamPartition at, Offset from, Offset to, Extents& extents) {
  for (bool begins = true; from < to;) {
    auto found = look_up(at, from, Extent::kBytes);
    if (!found) return std::unexpected(found.error());
    if (found->empty()) return {};
    for (const Found& each : *found) {
      if (from >= to) return {};
      if (each.base != from) return missing(at, from, each.base);
      from = each.base + each.entry.span;
      if (std::exchange(begins, false) || extents.rebuilt.back().full())
        extents.rebuilt.emplace_back();
      extents.rebuilt.back().add(each.base, each.entry);
    }
  }
  return {};
}

Result<Logs::Extents> Logs::all_extents(model::StreamPartition at, Offset earliest) {
  auto stored = stored_extents(at);
  if (!stored) return std::unexpected(stored.error());
  Extents extents;
  Offset next = earliest;
  for (const Extent& extent : *stored) {
    if (auto ok = rebuild(at, next, extent.begin, extents); !ok) return std::unexpected(ok.error());
    next = extent.end;
  }
  if (auto ok = rebuild(at, next, std::numeric_limits<Offset>::max(), extents); !ok)
    return std::unexpected(ok.error());
  std::ranges::merge(*stored, extents.rebuilt, std::back_inserter(extents.all), {}, &Extent::begin,
                     &Extent::begin);
  return extents;
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
  auto extents = all_extents(at, bounds.earliest);
  if (!extents) return std::unexpected(extents.error());
  bounds.earliest = extents->all.empty() ? bounds.end : extents->all.front().begin;
  if (!extents->all.empty()) bounds.end = extents->all.back().end;
  // The newest one still grows. The others are stored before any that ends later: one that is
  // missing in front of stored ones would have to be looked for at every start.
  const Offset newest = extents->all.empty() ? 0 : extents->all.back().begin;
  std::lock_guard lock(mutex_);
  for (const Extent& extent : extents->rebuilt)
    if (extent.begin != newest) closed_.emplace_back(at, extent);
  entries_[at].log.restore(bounds, std::move(extents->all));
  return {};
}

}  // namespace pelton::store
