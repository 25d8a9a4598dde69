// SPDX-License-Identifier: Apache-2.0
#include "engine/store/log.h"

#include "engine/base/crc32c.h"

#include <algorithm>
#include <utility>

namespace pelton::store {

Log::~Log() {
  active_.reset();
  segments_.clear();
}

void Log::give_back(File&& file) {
  if (!file.file) return;
  std::lock_guard lock(spare_mutex_);
  spare_.push_back(std::move(file));
}

Result<Log::File> Log::spare_file() {
  {
    std::lock_guard lock(spare_mutex_);
    if (!spare_.empty()) {
      File file = std::move(spare_.back());
      spare_.pop_back();
      return file;
    }
  }
  std::unique_lock lock(mutex_);
  const std::uint32_t number = next_number_++;
  lock.unlock();
  auto opened = folder_.open(number);
  if (!opened) return std::unexpected(opened.error());
  return File{number, std::move(*opened)};
}

Status Log::begin_segment() {
  auto file = spare_file();
  if (!file) return std::unexpected(file.error());
  // A group above the usual size had a file of its own.
  auto size = file->file->size();
  if (size && *size > segment_bytes_)
    if (auto ok = file->file->truncate(segment_bytes_); !ok) return ok;
  SegmentPtr segment(new Segment{*this, std::move(*file), next_lap_++});
  std::lock_guard lock(mutex_);
  segments_[segment->lap] = segment;
  active_lap_ = segment->lap;
  active_ = std::move(segment);
  position_ = 0;
  return {};
}

Result<LogSlot> Log::reserve(std::uint64_t bytes) {
  const bool full = position_ > 0 && position_ + bytes > segment_bytes_;
  if (!active_ || full || std::exchange(ending_, false))
    if (auto ok = begin_segment(); !ok) return std::unexpected(ok.error());
  std::lock_guard lock(mutex_);
  active_->last_group = next_group_;
  return LogSlot{next_group_++, active_->lap, position_};
}

Status Log::write(const LogSlot& slot, std::span<iovec> parts) {
  const SegmentPtr segment = find(slot.lap);
  std::uint64_t bytes = 0;
  for (const iovec& part : parts) bytes += part.iov_len;
  SegmentFile& file = *segment->file.file;
  if (auto ok = file.write(parts, slot.position); !ok) {
    // The torn group must not hold the space that a start needs.
    if (ok.error().kind == ErrorKind::overloaded) static_cast<void>(file.truncate(slot.position));
    return ok;
  }
  if (auto ok = file.sync(); !ok) return ok;
  std::lock_guard lock(mutex_);
  segment->used = slot.position + bytes;
  return {};
}

Log::SegmentPtr Log::find(std::uint64_t lap) const {
  std::lock_guard lock(mutex_);
  const auto found = segments_.find(lap);
  return found == segments_.end() ? nullptr : found->second;
}

void Log::add_live(std::span<const Place> places) {
  std::lock_guard lock(mutex_);
  for (const Place& place : places)
    if (const auto found = segments_.find(place.lap); found != segments_.end())
      found->second->live += place.bytes;
}

void Log::remove_live(std::span<const Place> places) {
  std::lock_guard lock(mutex_);
  for (const Place& place : places)
    if (const auto found = segments_.find(place.lap); found != segments_.end())
      found->second->live -= std::min<std::uint64_t>(found->second->live, place.bytes);
}

Result<std::optional<std::string>> Log::read(const Place& place) {
  const SegmentPtr segment = find(place.lap);
  if (!segment) return std::nullopt;
  std::string bytes;
  Result<std::size_t> got = 0;
  // libstdc++ 12 hands its whole capacity over, not what was asked for.
  bytes.resize_and_overwrite(place.bytes, [&](char* into, std::size_t) {
    got = segment->file.file->read(into, place.bytes, place.position);
    return got.value_or(0);
  });
  if (!got) return std::unexpected(got.error());
  if (bytes.size() != place.bytes || crc32c(bytes) != place.crc)
    return fail(ErrorKind::corrupt, "E4001",
                "the batch at position {} of segment {:08}.log is not what was written",
                place.position, segment->file.number);
  return bytes;
}

std::vector<SegmentUsage> Log::sealed() const {
  std::lock_guard lock(mutex_);
  std::vector<SegmentUsage> out;
  for (const auto& [lap, segment] : segments_)
    if (lap != active_lap_) out.push_back({lap, segment->used, segment->live});
  return out;
}

SegmentUsage Log::active() const {
  std::lock_guard lock(mutex_);
  const auto found = segments_.find(active_lap_);
  if (found == segments_.end()) return {};
  return {found->first, found->second->used, found->second->live};
}

Status Log::visit(std::uint64_t lap,
                  const std::function<void(const DirectoryEntry&, const Place&)>& visit) {
  const SegmentPtr segment = find(lap);
  if (!segment) return {};
  SegmentFile& file = *segment->file.file;
  std::string buffer(kHeaderSize, '\0');
  for (std::uint64_t at = 0;;) {
    auto got = file.read(buffer.data(), kHeaderSize, at);
    if (!got) return std::unexpected(got.error());
    const auto header = decode_header(std::string_view(buffer).substr(0, *got), id_);
    if (!header || header->lap != lap) return {};
    std::string directory(header->batches * kDirectoryEntrySize, '\0');
    got = file.read(directory.data(), directory.size(), at + kHeaderSize);
    if (!got) return std::unexpected(got.error());
    if (*got != directory.size()) return {};
    std::uint64_t position = at + kHeaderSize + directory.size();
    for (std::size_t i = 0; i < header->batches; ++i) {
      const DirectoryEntry entry = decode_directory_entry(
          std::string_view(directory).substr(i * kDirectoryEntrySize, kDirectoryEntrySize));
      visit(entry, {lap, position, static_cast<std::uint32_t>(entry.bytes), entry.crc});
      position += entry.bytes;
    }
    at += header->padded_size();
  }
}

Result<bool> Log::release(std::uint64_t flushed, std::size_t spare) {
  std::vector<SegmentPtr> dead;
  bool all = true;
  {
    std::lock_guard lock(mutex_);
    for (auto at = segments_.begin(); at != segments_.end();) {
      const bool unwanted = at->first != active_lap_ && at->second->live == 0;
      if (unwanted && at->second->last_group >= flushed) all = false;
      if (unwanted && at->second->last_group < flushed) {
        dead.push_back(std::move(at->second));
        at = segments_.erase(at);
      } else {
        ++at;
      }
    }
  }
  dead.clear();
  std::vector<File> surplus;
  {
    std::lock_guard lock(spare_mutex_);
    while (spare_.size() > spare) {
      surplus.push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
  }
  for (const File& file : surplus)
    if (auto ok = folder_.remove(file.number); !ok) return std::unexpected(ok.error());
  return all;
}

}  // namespace pelton::store
