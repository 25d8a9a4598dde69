// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/segment_file.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>

namespace pelton::store {

// The log's files in memory, on a disk that fails when told and forgets what was not synced.
// Thread-safe. Operations that change something are counted from 1.
class FaultySegments final : public SegmentFolder {
 public:
  struct File {
    std::string bytes;
    std::string synced;
  };

  // The n-th operation from now on fails, and all after it. A write that fails is half done.
  void fail_at(std::uint64_t operation, std::string cause = "Input/output error") {
    std::lock_guard lock(mutex_);
    operations_ = 0;
    fail_at_ = operation;
    cause_ = std::move(cause);
  }
  void heal() { fail_at(0); }
  // The disk: a write that makes the files larger than this in total finds it full.
  void set_capacity(std::function<std::uint64_t()> capacity) {
    std::lock_guard lock(mutex_);
    capacity_ = std::move(capacity);
  }
  std::uint64_t total() const {
    std::lock_guard lock(mutex_);
    return total_locked();
  }
  std::uint64_t operations() const {
    std::lock_guard lock(mutex_);
    return operations_;
  }
  // A power failure: of every 512 bytes that were not synced, some reached the disk.
  void lose_unsynced(std::mt19937& random) {
    std::lock_guard lock(mutex_);
    constexpr std::size_t kSector = 512;
    for (auto& [number, file] : files_) {
      std::string after = file.synced;
      const bool grown = random() % 2 == 0;
      if (grown) after.resize(std::max(after.size(), file.bytes.size()));
      for (std::size_t at = 0; at < std::min(after.size(), file.bytes.size()); at += kSector)
        if (random() % 2 == 0) {
          const std::size_t size = std::min({kSector, after.size() - at, file.bytes.size() - at});
          after.replace(at, size, file.bytes, at, size);
        }
      file.bytes = file.synced = std::move(after);
    }
  }
  // Nothing that was not synced is left.
  void lose_all_unsynced() {
    std::lock_guard lock(mutex_);
    for (auto& [number, file] : files_) file.bytes = file.synced;
  }
  // For tests that damage: between two stores.
  std::string& bytes(std::uint32_t number) { return files_.at(number).bytes; }
  std::map<std::uint32_t, File>& files() { return files_; }

  Result<std::vector<std::uint32_t>> list() override {
    std::lock_guard lock(mutex_);
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, file] : files_) numbers.push_back(number);
    return numbers;
  }
  Result<std::unique_ptr<SegmentFile>> open(std::uint32_t number) override {
    std::lock_guard lock(mutex_);
    if (!files_.contains(number))
      if (auto ok = operation(); !ok) return std::unexpected(ok.error());
    return std::make_unique<Open>(*this, files_[number]);
  }
  Status remove(std::uint32_t number) override {
    std::lock_guard lock(mutex_);
    if (auto ok = operation(); !ok) return ok;
    files_.erase(number);
    return {};
  }

 private:
  class Open final : public SegmentFile {
   public:
    Open(FaultySegments& folder, File& file) : folder_(folder), file_(file) {}
    Status write(std::span<iovec> parts, std::uint64_t position) override {
      std::lock_guard lock(folder_.mutex_);
      std::string all;
      for (const iovec& part : parts) all.append(static_cast<char*>(part.iov_base), part.iov_len);
      auto ok = folder_.operation();
      if (ok)
        ok = folder_.fits(std::max(position + all.size(), file_.bytes.size()) - file_.bytes.size());
      if (!ok) all.resize(all.size() / 2);
      if (file_.bytes.size() < position + all.size()) file_.bytes.resize(position + all.size());
      file_.bytes.replace(position, all.size(), all);
      return ok;
    }
    Status sync() override {
      std::lock_guard lock(folder_.mutex_);
      if (auto ok = folder_.operation(); !ok) return ok;
      file_.synced = file_.bytes;
      return {};
    }
    Result<std::size_t> read(char* into, std::size_t size, std::uint64_t position) override {
      std::lock_guard lock(folder_.mutex_);
      if (position >= file_.bytes.size()) return 0;
      size = std::min<std::size_t>(size, file_.bytes.size() - position);
      std::memcpy(into, file_.bytes.data() + position, size);
      return size;
    }
    Result<std::uint64_t> size() override {
      std::lock_guard lock(folder_.mutex_);
      return file_.bytes.size();
    }
    Status truncate(std::uint64_t size) override {
      std::lock_guard lock(folder_.mutex_);
      if (auto ok = folder_.operation(); !ok) return ok;
      file_.bytes.resize(size);
      return {};
    }

   private:
    FaultySegments& folder_;
    File& file_;
  };

  std::uint64_t total_locked() const {
    std::uint64_t bytes = 0;
    for (const auto& [number, file] : files_) bytes += file.bytes.size();
    return bytes;
  }
  Status fits(std::uint64_t more) const {
    if (!capacity_ || total_locked() + more <= capacity_()) return {};
    return fail(ErrorKind::overloaded, "E4106", "writing a segment: No space left on device");
  }
  Status operation() {
    ++operations_;
    if (fail_at_ == 0 || operations_ < fail_at_) return {};
    return fail(ErrorKind::unavailable, "E4106", "writing a segment: {}", cause_);
  }

  mutable std::mutex mutex_;
  std::map<std::uint32_t, File> files_;
  std::uint64_t operations_ = 0;
  std::uint64_t fail_at_ = 0;
  std::string cause_;
  std::function<std::uint64_t()> capacity_;
};

}  // namespace pelton::store
