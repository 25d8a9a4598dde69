// SPDX-License-Identifier: Apache-2.0
#include "engine/store/maintenance.h"

#include "engine/store/keys.h"
#include "engine/store/names.h"

#include <algorithm>
#include <utility>

namespace pelton::store {
namespace {

constexpr std::size_t kCountAtOnce = 4096;
// Batches that retention drops with one write at most, about; some 130 bytes each.
constexpr std::size_t kDropAtOnce = 1U << 16;
// Recycled segments that wait to be written to; more are removed.
constexpr std::size_t kSpareSegments = 4;
// Of a segment less than one part in so many is alive when that is copied forward.
constexpr std::uint64_t kMostlyDead = 4;
// The same where space is short.
constexpr std::uint64_t kHalfDead = 2;
constexpr std::uint64_t kWorthEnding = 1U << 20;
// What one round of maintenance copies forward at most, and in pieces of which size.
constexpr std::uint64_t kCopyBudget = 64U << 20;
constexpr std::uint64_t kCopyAtOnce = 4U << 20;

}  // namespace

Maintenance::~Maintenance() {
  if (uncounted_ != nullptr) database_.db().ReleaseSnapshot(uncounted_);
}

void Maintenance::applied(std::uint64_t group, std::uint64_t bytes) {
  applied_ = group;
  unflushed_bytes_ += bytes;
}

Status Maintenance::run(WallTime now) {
  disk_.check();
  database_.set_compaction_space(disk_.spare_bytes());
  if (auto ok = count_live(); !ok || stopping_) return ok;
  if (auto ok = collect_garbage(now); !ok) return ok;
  if (auto ok = retain_all(now); !ok) return ok;
  if (auto ok = end_segment(); !ok) return ok;
  if (auto ok = copy_forward(); !ok) return ok;
  if (auto ok = compact_letters(); !ok) return ok;
  note_damage();
  if (auto ok = drop_damaged_letters(); !ok) return ok;
  if (unflushed_bytes_ >= log_.segment_bytes())
    if (auto ok = flush(); !ok) return ok;
  if (auto ok = recycle(); !ok) return ok;
  disk_.check();
  disk_.keep_ballast();
  return {};
}

void Maintenance::begin_counting() {
  uncounted_ = database_.db().GetSnapshot();
}

Status Maintenance::count_live() {
  if (uncounted_ == nullptr) return {};
  std::vector<Place> places;
  Status bad;
  auto read = database_.scan(
      Family::index, "", "",
      [&](auto, auto value) {
        auto entry = decode_index_entry(value);
        if (!entry) bad = std::unexpected(entry.error());
        if (entry) places.push_back(entry->place);
        if (places.size() == kCountAtOnce) {
          log_.add_live(places);
          places.clear();
        }
        return entry.has_value() && !stopping_;
      },
      uncounted_);
  if (stopping_) return {};
  if (!read || !bad) return read ? bad : read;
  log_.add_live(places);
  database_.db().ReleaseSnapshot(std::exchange(uncounted_, nullptr));
  return {};
}

Status Maintenance::retain_all(WallTime now) {
  Drop drop;
  const std::map<StreamId, StreamSpec> streams = logs_.streams();
  for (const auto& [id, spec] : streams)
    for (std::uint32_t p = 0; p < spec.partitions;) {
      retain({id, PartitionId{p}}, spec, now, drop);
      if (drop.batches < kDropAtOnce) {
        ++p;
        continue;
      }
      if (auto ok = write(drop); !ok) return ok;
      drop = {};
    }
  return write(drop);
}

Status Maintenance::write(Drop& drop) {
  // In memory first: a reader that finds the batches gone must find that they were dropped.
  this->drop(drop.cuts);
  for (const Logs::Cut& cut : drop.cuts)
    if (auto ok = add_changes(cut, drop); !ok) return ok;
  if (drop.changes.empty()) return {};
  if (auto ok = write_.changes(std::move(drop.changes)); !ok) return ok;
  log_.remove_live(drop.places);
  for (const Logs::Cut& cut : drop.cuts)
    if (cut.unsettled > 0)
      notices_.say(
          fmt::format("retention.force dropped {} unsettled events of stream {}, partition {}",
                      cut.unsettled, logs_.name(cut.at.stream), cut.at.partition.value));
  return {};
}

void Maintenance::drop(std::vector<Logs::Cut>& cuts) {
  holds_.while_none_is_added([&](const RetentionHolds::Held& held) {
    std::erase_if(cuts, [&](const Logs::Cut& cut) {
      const Offset wanted =
          std::min(held(cut.at).value_or(cut.up_to), unsettled(cut.at, cut.up_to));
      return !cut.forced && wanted < cut.up_to;
    });
    logs_.drop(cuts);
  });
}

Status Maintenance::hold(std::span<const StreamSpec> streams) {
  std::map<StreamId, std::vector<BindingId>> holders;
  for (const StreamSpec& stream : streams)
    for (const std::string& name : stream.bindings) {
      auto id = names::binding(database_, write_.changes, name);
      if (!id) return std::unexpected(id.error());
      if (auto ok = bindings_.open(*id); !ok) return ok;
      holders[*logs_.find(stream.name)].push_back(*id);
    }
  std::lock_guard lock(mutex_);
  holders_ = std::move(holders);
  return {};
}

Offset Maintenance::unsettled(model::StreamPartition at, Offset end) {
  std::lock_guard lock(mutex_);
  Offset lowest = bindings_.lowest_cursor(at).value_or(end);
  const auto holders = holders_.find(at.stream);
  if (holders == holders_.end()) return lowest;
  for (const BindingId binding : holders->second)
    lowest = std::min(lowest, bindings_.cursor(binding, at).value_or(0));
  return lowest;
}

void Maintenance::retain(model::StreamPartition at, const StreamSpec& spec, WallTime now,
                         Drop& out) {
  if (!spec.retention_time && !spec.retention_bytes) return;
  const auto extents = logs_.extents(at);
  if (extents.empty()) return;
  std::uint64_t bytes = 0;
  for (const Extent& extent : extents) bytes += extent.bytes;
  // The size is the stream's: each partition gets its part.
  const std::uint64_t most = spec.retention_bytes.value_or(UINT64_MAX) / spec.partitions;
  const Offset end = extents.back().end;
  const Offset settled = std::min(unsettled(at, end), holds_.lowest(at).value_or(end));
  Logs::Cut cut{.at = at, .extents = {}, .forced = spec.retention_force};
  for (const Extent& extent : extents) {
    // The newest extent still grows; only its age can end it.
    const bool too_old =
        spec.retention_time && extent.appended_us < to_us(now - *spec.retention_time);
    const bool too_much = bytes > most && cut.extents.size() + 1 < extents.size();
    if ((!too_old && !too_much) || out.batches >= kDropAtOnce) break;
    if (extent.end > settled && !spec.retention_force) break;
    bytes -= extent.bytes;
    out.batches += extent.batches;
    cut.extents.push_back(extent.begin);
    cut.up_to = extent.end;
  }
  if (cut.extents.empty()) return;
  const Offset lost_from = std::max(settled, extents.front().begin);
  cut.unsettled = static_cast<std::uint64_t>(std::max<Offset>(0, cut.up_to - lost_from));
  out.cuts.push_back(cut);
}

// What was dropped before is not walked over.
Status Maintenance::add_changes(const Logs::Cut& cut, Drop& out) {
  const std::string prefix = keys::partition(cut.at);
  const std::string end = keys::batch(cut.at, cut.up_to);
  Status bad;
  const auto add = [&](auto key, auto value) {
    if (key >= end) return false;
    auto entry = decode_index_entry(value);
    if (entry)
      out.places.push_back(entry->place);
    else
      bad = std::unexpected(entry.error());
    out.changes.remove(Family::index, std::string(key));
    return entry.has_value();
  };
  auto read = database_.scan(Family::index, prefix, keys::batch(cut.at, cut.extents.front()), add);
  if (!read || !bad) return read ? bad : read;
  const Offset last = logs_.bounds(cut.at)->end;
  // One that is about to be stored, or never was, is not there yet: it is named all the same.
  for (const Offset begin : cut.extents)
    out.changes.remove(Family::extents, keys::batch(cut.at, begin));
  out.changes.put(Family::meta, names::bounds_key(cut.at), encode_bounds({cut.up_to, last}));
  return {};
}

Status Maintenance::forget(const std::string& name, StreamId stream) {
  // Or else they would be counted as living after they are gone.
  if (auto ok = count_live(); !ok) return ok;
  Changes changes;
  names::forget_stream(name, stream, changes);
  if (auto ok = write_.changes(std::move(changes)); !ok) return ok;
  logs_.forget(stream);
  bindings_.forget(stream);
  return garbage_.remove(stream);
}

Status Maintenance::forget(const std::string& name, BindingId binding) {
  Changes changes;
  names::forget_binding(name, binding, changes);
  if (auto ok = write_.changes(std::move(changes)); !ok) return ok;
  bindings_.forget(binding);
  return garbage_.remove(binding);
}

Status Maintenance::collect_garbage(WallTime now) {
  auto done = garbage_.collect(now);
  if (done || done.error().kind == ErrorKind::cancelled) return {};
  if (done.error().kind != ErrorKind::corrupt) return done;
  notices_.say_once(done.error().text());
  return {};
}

Status Maintenance::end_segment() {
  const SegmentUsage active = log_.active();
  const bool worth = active.used >= kWorthEnding && active.live <= active.used / kHalfDead;
  return worth && short_of_space() ? write_.end_of_segment() : Status{};
}

Status Maintenance::compact_letters() {
  const std::uint64_t removed = bindings_.removed_letters();
  const std::uint64_t gone = removed - letters_removed_;
  // A few of many are left to RocksDB's own time.
  const std::uint64_t left = bindings_.all_letters();
  if (gone == 0 || (gone < left / kMostlyDead && !short_of_space())) return {};
  letters_removed_ = removed;
  if (auto ok = flush(); !ok) return ok;
  const double kept = static_cast<double>(left) / static_cast<double>(left + gone);
  return database_.compact(Family::dead_letters, kept, disk_.free_bytes());
}

void Maintenance::note_damage() {
  for (const Error& error : database_.give_up_damaged()) notices_.say(error.text());
}

Status Maintenance::drop_damaged_letters() {
  if (!database_.gave_up(Family::dead_letters)) return {};
  // A letter that comes from now on is in none of these.
  const auto files = database_.files(Family::dead_letters);
  if (bindings_.all_letters() > 0) return {};
  // The groups that removed the letters are durable when one that comes after them is.
  Changes nothing;
  nothing.remove(Family::letter_keys, "");
  if (auto ok = write_.changes(std::move(nothing)); !ok) return ok;
  if (auto ok = database_.remove_files(Family::dead_letters, files); !ok) return ok;
  notices_.say("the damaged dead letters are removed");
  return {};
}

Status Maintenance::copy_forward() {
  const std::uint64_t most = short_of_space() ? kHalfDead : kMostlyDead;
  std::uint64_t budget = std::min(kCopyBudget, log_.segment_bytes());
  for (const SegmentUsage& segment : log_.sealed()) {
    if (segment.live == 0 || segment.live > segment.used / most) continue;
    if (segment.live > budget || stopping_) continue;
    if (auto ok = copy_segment(segment.lap, budget); !ok) return ok;
  }
  return {};
}

Status Maintenance::copy_segment(std::uint64_t lap, std::uint64_t& budget) {
  std::vector<std::pair<DirectoryEntry, Place>> batches;
  auto visited = log_.visit(lap, [&](const DirectoryEntry& entry, const Place& place) {
    batches.emplace_back(entry, place);
  });
  if (!visited) return visited;
  std::vector<Move> moves;
  std::uint64_t bytes = 0;
  for (const auto& [entry, place] : batches) {
    auto move = living(entry, place);
    if (!move) return std::unexpected(move.error());
    if (!*move) continue;
    bytes += place.bytes;
    budget -= std::min<std::uint64_t>(budget, place.bytes);
    moves.push_back(std::move(**move));
    if (bytes < kCopyAtOnce) continue;
    if (auto ok = write_.moves(std::exchange(moves, {})); !ok) return ok;
    bytes = 0;
  }
  return moves.empty() ? Status{} : write_.moves(std::move(moves));
}

Result<std::optional<Move>> Maintenance::living(const DirectoryEntry& entry, const Place& place) {
  auto stored = database_.get(Family::index, keys::batch(entry.at, entry.base));
  if (!stored) return std::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  auto known = decode_index_entry(**stored);
  if (!known) return std::unexpected(known.error());
  if (known->place != place) return std::nullopt;
  auto bytes = log_.read(place);
  // A damaged batch stays where it is, for whoever reads it to find.
  if (!bytes && bytes.error().kind == ErrorKind::corrupt) return std::nullopt;
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return std::nullopt;
  return Move{entry.at, entry.base, *known, std::move(**bytes)};
}

Status Maintenance::flush() {
  const std::uint64_t applied = applied_;
  unflushed_bytes_ = 0;
  if (auto ok = database_.flush(); !ok) return ok;
  flushed_ = applied;
  return {};
}

Status Maintenance::recycle() {
  const std::size_t spare = short_of_space() ? 0 : kSpareSegments;
  auto all = log_.release(flushed_, spare);
  if (all && !*all) {
    if (auto ok = flush(); !ok) return ok;
    all = log_.release(flushed_, spare);
  }
  return all ? Status{} : std::unexpected(all.error());
}

}  // namespace pelton::store
