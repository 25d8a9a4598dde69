// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_disk.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace pelton::simulation {
namespace {

constexpr std::string_view kSegments = "segments/";

class SimSegment final : public store::SegmentFile {
 public:
  SimSegment(SimDisk& disk, SimDisk::FilePtr file) : disk_(disk), file_(std::move(file)) {}

  Status write(std::span<iovec> parts, std::uint64_t position) override {
    std::string all;
    for (const iovec& part : parts) all.append(static_cast<char*>(part.iov_base), part.iov_len);
    std::lock_guard lock(disk_.mutex());
    auto ok = disk_.operation();
    if (!ok) all.resize(all.size() / 2);
    file_->write(all, position);
    return ok;
  }
  Status sync() override {
    std::lock_guard lock(disk_.mutex());
    auto ok = disk_.operation();
    if (ok) file_->sync();
    // As a real one: whatever the cause, it cannot be tried again.
    if (!ok) ok.error().kind = ErrorKind::unavailable;
    return ok;
  }
  Result<std::size_t> read(char* into, std::size_t size, std::uint64_t position) override {
    std::lock_guard lock(disk_.mutex());
    if (position >= file_->bytes.size()) return 0;
    size = std::min<std::size_t>(size, file_->bytes.size() - position);
    std::memcpy(into, file_->bytes.data() + position, size);
    return size;
  }
  Result<std::uint64_t> size() override {
    std::lock_guard lock(disk_.mutex());
    return file_->bytes.size();
  }
  Status truncate(std::uint64_t size) override {
    std::lock_guard lock(disk_.mutex());
    auto ok = disk_.operation();
    if (ok) file_->resize(size);
    return ok;
  }

 private:
  SimDisk& disk_;
  const SimDisk::FilePtr file_;
};

class SimSegments final : public store::SegmentFolder {
 public:
  explicit SimSegments(SimDisk& disk) : disk_(disk) {}

  Result<std::vector<std::uint32_t>> list() override {
    std::lock_guard lock(disk_.mutex());
    std::vector<std::uint32_t> numbers;
    for (const auto& [name, file] : disk_.files())
      if (name.starts_with(kSegments))
        numbers.push_back(static_cast<std::uint32_t>(std::stoul(name.substr(kSegments.size()))));
    return numbers;
  }
  Result<std::unique_ptr<store::SegmentFile>> open(std::uint32_t number) override {
    std::lock_guard lock(disk_.mutex());
    SimDisk::FilePtr& file = disk_.files()[name_of(number)];
    if (!file) {
      if (auto ok = disk_.operation(); !ok) {
        disk_.files().erase(name_of(number));
        return std::unexpected(ok.error());
      }
      file = std::make_shared<SimDisk::File>();
    }
    return std::make_unique<SimSegment>(disk_, file);
  }
  Status remove(std::uint32_t number) override {
    std::lock_guard lock(disk_.mutex());
    auto ok = disk_.operation();
    if (ok) disk_.files().erase(name_of(number));
    return ok;
  }

 private:
  static std::string name_of(std::uint32_t number) {
    return fmt::format("{}{:08}", kSegments, number);
  }

  SimDisk& disk_;
};

}  // namespace

void SimDisk::File::write(std::string_view data, std::size_t position) {
  const std::size_t end = position + data.size();
  for (std::size_t at = position / kSector * kSector; at < std::min(end, bytes.size());
       at += kSector)
    before.try_emplace(at, bytes, at, kSector);
  if (bytes.size() < end) bytes.resize(end);
  bytes.replace(position, data.size(), data);
}

void SimDisk::File::resize(std::size_t size) {
  for (std::size_t at = size / kSector * kSector; at < bytes.size(); at += kSector)
    before.try_emplace(at, bytes, at, kSector);
  bytes.resize(size);
}

void SimDisk::File::sync() {
  before.clear();
  synced_size = bytes.size();
}

// Each sector that was written has or has not reached the disk, and so has the new size.
void SimDisk::File::lose_unsynced(Dice& dice) {
  const std::size_t after = dice.chance(0.5) ? std::max(synced_size, bytes.size()) : synced_size;
  bytes.resize(std::max(after, bytes.size()));
  for (std::size_t at = synced_size / kSector * kSector; at < bytes.size(); at += kSector)
    if (at >= synced_size) before.try_emplace(at, std::string());
  for (const auto& [at, old] : before)
    if (at < bytes.size() && dice.chance(0.5)) {
      const std::size_t size = std::min(kSector, bytes.size() - at);
      std::string sector = old.substr(0, std::min(size, old.size()));
      sector.resize(size);
      bytes.replace(at, size, sector);
    }
  bytes.resize(after);
  sync();
}

SimDisk::SimDisk() : segments_(std::make_unique<SimSegments>(*this)), env_(sim_env(*this)) {}
SimDisk::~SimDisk() = default;

void SimDisk::fail_at(std::uint64_t operation, Fault fault) {
  std::lock_guard lock(mutex_);
  operations_ = 0;
  fail_at_ = operation;
  fault_ = fault;
}

Status SimDisk::operation() {
  ++operations_;
  if (fail_at_ == 0 || operations_ < fail_at_) return {};
  if (fault_ == Fault::full)
    return fail(ErrorKind::overloaded, "E4106", "writing a segment: No space left on device");
  return fail(ErrorKind::unavailable, "E4106", "writing a segment: Input/output error");
}

void SimDisk::lose_power(Dice& dice) {
  std::lock_guard lock(mutex_);
  for (auto& [name, file] : files_) file->lose_unsynced(dice);
}

SimDisk::Contents SimDisk::copy() const {
  std::lock_guard lock(mutex_);
  Contents contents;
  for (const auto& [name, file] : files_) contents.emplace(name, *file);
  return contents;
}

void SimDisk::replace(const Contents& contents) {
  std::lock_guard lock(mutex_);
  files_.clear();
  for (const auto& [name, file] : contents) files_.emplace(name, std::make_shared<File>(file));
}

std::uint64_t SimDisk::bytes() const {
  std::lock_guard lock(mutex_);
  std::uint64_t all = 0;
  for (const auto& [name, file] : files_) all += file->bytes.size();
  return all;
}

}  // namespace pelton::simulation
