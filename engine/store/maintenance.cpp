// SPDX-License-Identifier: Apache-2.0
#include "engine/store/maintenance.h"

#include "engine/base/units.h"
#include "engine/store/keys.h"
#include "engine/store/names.h"

#include <rocksdb/convenience.h>
#include <sys/statvfs.h>

#include <algorithm>

namespace pelton::store {
namespace {

// Kept until somebody listens.
constexpr std::size_t kEarlyNotices = 16;

std::uint64_t free_bytes(const std::filesystem::path& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace

void Maintenance::set_notice(std::function<void(const std::string&)> notice) {
  std::lock_guard lock(mutex_);
  notice_ = std::move(notice);
  for (const std::string& sentence : early_) notice_(sentence);
  early_.clear();
}

void Maintenance::notify(const std::string& sentence) {
  std::lock_guard lock(mutex_);
  if (notice_)
    notice_(sentence);
  else if (early_.size() < kEarlyNotices)
    early_.push_back(sentence);
}

void Maintenance::set_ttl(BindingId binding, Duration ttl) {
  std::lock_guard lock(mutex_);
  ttls_[binding] = ttl;
}

void Maintenance::check_space() {
  const std::uint64_t free =
      options_.free_space ? options_.free_space(options_.data) : free_bytes(options_.data);
  const std::uint64_t limit = options_.free_space_bytes;
  const bool accepts = accepts_.load();
  // Resumes a tenth above the limit, so that it does not flap.
  if (accepts && free < limit) {
    accepts_ = false;
    notify(fmt::format("E4105: {} free in {}, less than engine.free_space {}: intake is held back",
                       format_size(free >> 20 << 20), options_.data.string(), format_size(limit)));
  } else if (!accepts && free >= limit + limit / 10) {
    accepts_ = true;
    notify("the disk has room again: intake resumes");
  }
}

Status Maintenance::run(WallTime now) {
  check_space();
  for (const auto& [id, spec] : logs_.streams())
    for (std::uint32_t p = 0; p < spec.partitions; ++p)
      if (auto ok = retain({id, PartitionId{p}}, spec, now); !ok) return ok;
  return expire_idempotency(now);
}

Offset Maintenance::unsettled(model::StreamPartition at, Offset end) const {
  const auto holders = holders_.find(at.stream);
  if (holders == holders_.end()) return end;
  Offset lowest = end;
  for (const BindingId binding : holders->second)
    lowest = std::min(lowest, bindings_.cursor(binding, at).value_or(0));
  return lowest;
}

Status Maintenance::retain(model::StreamPartition at, const StreamSpec& spec, WallTime now) {
  if (!spec.retention_time && !spec.retention_bytes) return {};
  const auto segments = logs_.segments(at);
  if (segments.empty()) return {};
  std::uint64_t bytes = 0;
  for (const Segment& segment : segments) bytes += segment.bytes;
  // The size is the stream's: each partition gets its part.
  const std::uint64_t most = spec.retention_bytes.value_or(UINT64_MAX) / spec.partitions;
  const Offset settled = unsettled(at, segments.back().end);
  std::size_t count = 0;
  for (const Segment& segment : segments) {
    // The newest segment still grows; only its age can end it.
    const bool too_old =
        spec.retention_time && segment.max_time_us < to_us(now - *spec.retention_time);
    const bool too_much = bytes > most && count + 1 < segments.size();
    if (!too_old && !too_much) break;
    if (segment.end > settled && !spec.retention_force) break;
    bytes -= segment.bytes;
    ++count;
  }
  return count == 0 ? Status{} : drop(at, count, segments, settled);
}

Status Maintenance::drop(model::StreamPartition at, std::size_t count,
                         const std::deque<Segment>& segments, Offset settled) {
  const Offset end = segments.back().end;
  const Offset earliest = count == segments.size() ? end : segments[count].begin;
  const std::string from = keys::batch(at, segments.front().begin);
  const std::string to = keys::batch(at, earliest);
  rocksdb::WriteBatch batch;
  batch.DeleteRange(database_.family(Family::streams), from, to);
  batch.DeleteRange(database_.family(Family::segments), from, to);
  batch.Put(database_.family(Family::meta), names::bounds_key(at), encode_bounds({earliest, end}));
  const Offset lost_from = std::max(settled, segments.front().begin);
  const auto lost = static_cast<std::uint64_t>(std::max<Offset>(0, earliest - lost_from));
  // In memory first: a reader that finds the batches gone must find that they were dropped.
  logs_.drop(at, count, lost);
  if (auto ok = database_.write(batch); !ok) return ok;
  // Gives whole files back at once, without waiting for a compaction.
  const rocksdb::Slice begin(from);
  const rocksdb::Slice last(to);
  const rocksdb::Status files = rocksdb::DeleteFilesInRange(
      &database_.db(), database_.family(Family::streams), &begin, &last, false);
  if (!files.ok()) return database_error("dropping old batches", files);
  if (lost > 0)
    notify(fmt::format("retention.force dropped {} unsettled events of stream {}, partition {}",
                       lost, logs_.streams().at(at.stream).name, at.partition.value));
  return {};
}

Status Maintenance::expire_idempotency(WallTime now) {
  std::map<BindingId, Duration> ttls;
  {
    std::lock_guard lock(mutex_);
    ttls = ttls_;
  }
  rocksdb::WriteBatch batch;
  for (const auto& [binding, ttl] : ttls) {
    const std::string first = keys::idempotency_from(binding, WallTime{});
    const std::string keep = keys::idempotency_from(binding, keys::bucket_begin(now - ttl));
    bool any = false;
    auto read = database_.scan(Family::idempotency, first.substr(0, 4), first, [&](auto key, auto) {
      any = key < keep;
      return false;
    });
    if (!read) return read;
    if (any) batch.DeleteRange(database_.family(Family::idempotency), first, keep);
  }
  return batch.Count() == 0 ? Status{} : database_.write(batch);
}

}  // namespace pelton::store
