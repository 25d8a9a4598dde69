// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/notices.h"
#include "engine/store/store.h"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace pelton::store {

// What the data folder's file system has room for, and the ballast: a preallocated file that is
// given back when the disk is full, so that the store can start, apply retention and be purged even
// then. The reserve is as large as the ballast: below it nothing is begun that may end in a dead
// letter. check() and room(): any thread.
class DiskSpace {
 public:
  DiskSpace(const Options& options, Notices& notices);

  // Once the folder is locked and before anything is written to it: gives the ballast back when the
  // disk is full.
  void start();
  void check();
  DiskRoom room() const { return room_.load(std::memory_order_relaxed); }
  // The committing thread: so many bytes are about to be written. Looks at the disk the more often
  // the less of it is free.
  void about_to_write(std::uint64_t bytes);
  // A write met a full disk: gives half of the ballast back, the other half is for the next start.
  // False: there is no more.
  bool give_back();
  // The maintenance thread: makes the ballast once there is space for it beside everything else.
  void keep_ballast();

  // Of a segment of the log and of RocksDB's buffers, so that they fit the file system.
  std::uint64_t segment_bytes() const;
  std::uint64_t buffer_bytes() const;
  std::uint64_t free_bytes() const;
  // What is free above the limit.
  std::uint64_t spare_bytes() const;

 private:
  std::uint64_t limit() const { return std::max(options_.free_space_bytes, reserve_); }
  DiskRoom room_of(std::uint64_t free, DiskRoom now) const;
  void say(std::uint64_t free, DiskRoom from, DiskRoom to);
  std::filesystem::path ballast() const { return options_.data / "ballast"; }

  const Options& options_;
  Notices& notices_;
  const std::uint64_t total_;
  const std::uint64_t reserve_;
  std::atomic<DiskRoom> room_{DiskRoom::plenty};
  std::mutex checking_;
  std::uint64_t unchecked_ = 0;   // the committing thread's
  std::uint64_t next_check_ = 0;  // the committing thread's
};

}  // namespace pelton::store
