// SPDX-License-Identifier: Apache-2.0
#include "engine/store/disk_space.h"

#include "engine/base/unique_fd.h"
#include "engine/base/units.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

namespace pelton::store {
namespace {

// What ballast, segments and buffers may take of a small file system.
constexpr std::uint64_t kPart = 16;
constexpr std::uint64_t kMostBallast = 128U << 20;
constexpr std::uint64_t kLeastSegment = 8U << 20;
constexpr std::uint64_t kMostBuffers = 64U << 20;
constexpr std::uint64_t kLeastBuffers = 2U << 20;
// Bounds of what is written between two looks at the disk.
constexpr std::uint64_t kMostBetweenLooks = 16U << 20;
constexpr std::uint64_t kLeastBetweenLooks = 64U << 10;

// The file system that the folder is on, or will be.
struct statvfs file_system(std::filesystem::path path) {
  struct statvfs info {};
  path = std::filesystem::absolute(path);
  while (::statvfs(path.c_str(), &info) != 0 && path.has_relative_path()) path = path.parent_path();
  return info;
}

std::uint64_t total_bytes(const std::filesystem::path& path) {
  const struct statvfs info = file_system(path);
  return static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize;
}

void sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) static_cast<void>(::fsync(fd.get()));
}

}  // namespace

DiskSpace::DiskSpace(const Options& options, Notices& notices)
    : options_(options),
      notices_(notices),
      total_(total_bytes(options.data)),
      reserve_(options.ballast_bytes.value_or(std::min(kMostBallast, total_ / kPart))) {}

std::uint64_t DiskSpace::segment_bytes() const {
  return std::min(options_.segment_bytes, std::max(kLeastSegment, total_ / kPart));
}

std::uint64_t DiskSpace::buffer_bytes() const {
  return std::clamp(total_ / kPart / 4, kLeastBuffers, kMostBuffers);
}

std::uint64_t DiskSpace::free_bytes() const {
  if (options_.free_space) return options_.free_space(options_.data);
  const struct statvfs info = file_system(options_.data);
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

std::uint64_t DiskSpace::spare_bytes() const {
  const std::uint64_t free = free_bytes();
  return free - std::min(free, limit());
}

void DiskSpace::start() {
  std::error_code error;
  if (free_bytes() < reserve_ && std::filesystem::remove(ballast(), error)) {
    // Some file systems hand out the blocks of a removed file only then.
    sync_folder(options_.data);
    notices_.say(
        "E4105: the disk is full: the ballast file is deleted to make space for the start");
  }
  check();
}

bool DiskSpace::give_back() {
  std::error_code error;
  const bool whole = std::filesystem::file_size(ballast(), error) >= reserve_ && !error;
  if (whole && reserve_ > 0) {
    std::filesystem::resize_file(ballast(), reserve_ / 2, error);
    sync_folder(options_.data);
  }
  check();
  return whole && reserve_ > 0 && !error;
}

void DiskSpace::keep_ballast() {
  std::error_code error;
  const bool there = std::filesystem::file_size(ballast(), error) >= reserve_ && !error;
  if (there || reserve_ == 0 || room() != DiskRoom::plenty) return;
  if (room_of(free_bytes() - std::min(free_bytes(), reserve_), DiskRoom::low) != DiskRoom::plenty)
    return;
  const UniqueFd file(::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!file || ::posix_fallocate(file.get(), 0, static_cast<off_t>(reserve_)) != 0)
    std::filesystem::remove(ballast(), error);
}

DiskRoom DiskSpace::room_of(std::uint64_t free, DiskRoom now) const {
  // Back only a tenth above a limit, so that it does not flap.
  const auto above = [](std::uint64_t bytes, bool back) {
    return back ? bytes + bytes / 10 : bytes;
  };
  if (free < above(reserve_, now == DiskRoom::exhausted)) return DiskRoom::exhausted;
  return free < above(limit(), now != DiskRoom::plenty) ? DiskRoom::low : DiskRoom::plenty;
}

void DiskSpace::check() {
  std::lock_guard lock(checking_);
  const std::uint64_t free = free_bytes();
  const DiskRoom before = room();
  const DiskRoom now = room_of(free, before);
  room_ = now;
  if (before != now) say(free, before, now);
}

void DiskSpace::say(std::uint64_t free, DiskRoom from, DiskRoom to) {
  const std::string where =
      fmt::format("{} free in {}", format_size(free >> 20 << 20), options_.data.string());
  if (to == DiskRoom::plenty)
    notices_.say("the disk has room again: intake and bindings resume");
  else if (to == DiskRoom::exhausted)
    notices_.say(fmt::format(
        "E4105: {}, the reserve is {}: all bindings are paused until there is more; retention, "
        "offsets seek and dead-letters purge still work",
        where, format_size(reserve_)));
  else if (from == DiskRoom::plenty)
    notices_.say(fmt::format(
        "E4105: {}, less than engine.free_space {}: intake is held back, bindings that write to "
        "streams are paused",
        where, format_size(limit())));
}

void DiskSpace::about_to_write(std::uint64_t bytes) {
  unchecked_ += bytes;
  if (unchecked_ < next_check_) return;
  check();
  unchecked_ = 0;
  const std::uint64_t free = free_bytes();
  const std::uint64_t margin = free - std::min(free, options_.free_space_bytes);
  next_check_ = std::clamp(margin / 4, kLeastBetweenLooks, kMostBetweenLooks);
}

}  // namespace pelton::store
