// SPDX-License-Identifier: Apache-2.0
#include "engine/store/log_recovery.h"

#include "engine/base/crc32c.h"

#include <algorithm>

namespace pelton::store {
namespace {

// Traces of later groups are looked for in pieces of this size.
constexpr std::uint64_t kScanBytes = 1U << 20;

}  // namespace

Status Log::open(const LogSlot& applied, const Apply& apply) {
  return Recovery(*this, applied, apply).run();
}

Status Log::Recovery::run() {
  if (auto ok = find_segments(); !ok) return ok;
  if (auto ok = find_start(); !ok) return ok;
  if (auto ok = follow(); !ok) return ok;
  if (auto ok = check_end(); !ok) return ok;
  if (auto ok = harden_last(); !ok) return ok;
  if (auto ok = apply_last(); !ok) return ok;
  continue_here();
  return {};
}

std::unexpected<Error> Log::Recovery::damaged(const std::string& cause) const {
  return fail(ErrorKind::corrupt, "E4001",
              "the log is damaged at position {} of segment {:08}.log, group {}: {}", position_,
              at_->file.number, group_, cause);
}

Status Log::Recovery::find_segments() {
  auto numbers = log_.folder_.list();
  if (!numbers) return std::unexpected(numbers.error());
  for (const std::uint32_t number : *numbers) {
    log_.next_number_ = number + 1;
    auto file = log_.folder_.open(number);
    if (!file) return std::unexpected(file.error());
    std::string bytes(kHeaderSize, '\0');
    auto got = (*file)->read(bytes.data(), bytes.size(), 0);
    if (!got) return std::unexpected(got.error());
    auto size = (*file)->size();
    if (!size) return std::unexpected(size.error());
    const auto header = decode_header(std::string_view(bytes).substr(0, *got));
    if (header && header->log != log_.id_)
      return fail(ErrorKind::corrupt, "E4001",
                  "segment {:08}.log belongs to another log than the RocksDB beside it", number);
    File opened{number, std::move(*file)};
    if (!header) {
      log_.give_back(std::move(opened));
      continue;
    }
    if (laps_.contains(header->lap))
      return fail(ErrorKind::corrupt, "E4001",
                  "segment {:08}.log is a copy of another segment of the log: both have lap {}",
                  number, header->lap);
    laps_[header->lap] = {SegmentPtr(new Segment{log_, std::move(opened), header->lap, *size}),
                          header->group};
    last_lap_ = std::max(last_lap_, header->lap);
  }
  return {};
}

Status Log::Recovery::find_start() {
  if (applied_.group == 0) {
    if (laps_.empty()) return {};
    at_ = laps_.begin()->second.segment;
    return laps_.begin()->second.group == 1
               ? Status{}
               : damaged("the log does not begin with the first group");
  }
  const auto found = laps_.find(applied_.lap);
  if (found == laps_.end())
    return fail(ErrorKind::corrupt, "E4001",
                "a segment of the log is missing: that of group {}, lap {}", applied_.group,
                applied_.lap);
  at_ = found->second.segment;
  position_ = applied_.position;
  group_ = applied_.group;
  auto bytes = read(position_, kHeaderSize);
  if (!bytes) return std::unexpected(bytes.error());
  const auto header = decode_header(bytes->value_or(""), log_.id_);
  if (!header || header->group != group_ || header->lap != at_->lap || header->size() > at_->used)
    return damaged("the last applied group is not there");
  position_ += header->padded_size();
  ++group_;
  return {};
}

Status Log::Recovery::follow() {
  while (at_) {
    std::uint64_t size = 0;
    auto metadata = whole_group(size);
    if (!metadata) return std::unexpected(metadata.error());
    if (!*metadata) {
      if (enter_next_segment()) continue;
      return {};
    }
    if (auto ok = apply_last(); !ok) return ok;
    last_metadata_ = std::move(**metadata);
    last_ = at_;
    last_position_ = position_;
    last_size_ = size;
    position_ += size;
    ++group_;
  }
  return {};
}

Status Log::Recovery::apply_last() {
  return last_ ? apply_(last_metadata_) : Status{};
}

// The last group may be whole in the page cache only, if its sync failed or never came. It is
// applied after this: RocksDB may flush at any time and must not be ahead of the log.
Status Log::Recovery::harden_last() {
  if (!last_) return {};
  std::string bytes(std::min(last_size_, last_->used - last_position_), '\0');
  auto got = last_->file.file->read(bytes.data(), bytes.size(), last_position_);
  if (!got) return std::unexpected(got.error());
  iovec part{bytes.data(), *got};
  if (auto ok = last_->file.file->write({&part, 1}, last_position_); !ok) return ok;
  return last_->file.file->sync();
}

bool Log::Recovery::enter_next_segment() {
  const auto next = laps_.upper_bound(at_->lap);
  if (next == laps_.end() || next->second.group != group_) return false;
  at_->used = position_;
  at_ = next->second.segment;
  position_ = 0;
  return true;
}

Result<std::optional<std::string>> Log::Recovery::read(std::uint64_t position, std::uint64_t size) {
  if (size > at_->used || position > at_->used - size) return std::nullopt;
  std::string bytes(size, '\0');
  auto got = at_->file.file->read(bytes.data(), size, position);
  if (!got) return std::unexpected(got.error());
  return *got == size ? std::optional(std::move(bytes)) : std::nullopt;
}

Result<std::optional<std::string>> Log::Recovery::whole_group(std::uint64_t& size) {
  auto bytes = read(position_, kHeaderSize);
  if (!bytes || !*bytes) return bytes;
  const auto header = decode_header(**bytes, log_.id_);
  if (!header || header->lap != at_->lap || header->group != group_) return std::nullopt;
  size = header->padded_size();
  const std::uint64_t begin = position_ + kHeaderSize;
  auto directory = read(begin, header->batches * kDirectoryEntrySize);
  if (!directory || !*directory) return directory;
  const std::uint64_t batches = begin + (*directory)->size();
  auto metadata = read(batches + header->batch_bytes, header->metadata_bytes);
  if (!metadata || !*metadata) return metadata;
  if (crc32c(**metadata, crc32c(**directory)) != header->crc) return std::nullopt;
  auto whole = batches_whole(**directory, batches);
  if (!whole) return std::unexpected(whole.error());
  return *whole ? std::move(*metadata) : std::nullopt;
}

Result<bool> Log::Recovery::batches_whole(std::string_view directory, std::uint64_t position) {
  for (; !directory.empty(); directory.remove_prefix(kDirectoryEntrySize)) {
    const DirectoryEntry entry = decode_directory_entry(directory);
    auto bytes = read(position, entry.bytes);
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes || crc32c(**bytes) != entry.crc) return false;
    position += entry.bytes;
  }
  return true;
}

Status Log::Recovery::check_end() {
  if (!at_) return {};
  if (last_lap_ > at_->lap) return damaged("it is not whole, but groups follow it");
  auto later = later_group_behind();
  if (!later) return std::unexpected(later.error());
  return *later ? damaged("it is not whole, but groups follow it") : Status{};
}

Result<bool> Log::Recovery::later_group_behind() {
  for (std::uint64_t from = position_; from < at_->used; from += kScanBytes) {
    // A header may begin in one piece and end in the next.
    auto bytes = read(from, std::min(kScanBytes + kHeaderSize, at_->used - from));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return false;
    const std::string_view all = **bytes;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(kScanBytes, all.size());
         i += kRecordAlignment) {
      const auto header = decode_header(all.substr(i), log_.id_);
      if (header && header->lap == at_->lap && header->group > group_) return true;
    }
  }
  return false;
}

void Log::Recovery::continue_here() {
  for (auto& [lap, first] : laps_) {
    first.segment->last_group = group_ - 1;
    log_.segments_[lap] = first.segment;
  }
  log_.next_lap_ = last_lap_ + 1;
  log_.next_group_ = group_;
  if (!at_) return;
  at_->used = position_;
  log_.active_ = at_;
  log_.active_lap_ = at_->lap;
  log_.position_ = position_;
}

}  // namespace pelton::store
