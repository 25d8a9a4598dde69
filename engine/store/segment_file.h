// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <sys/uio.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace pelton::store {

// One open file of the log. Writing and syncing: one thread at a time; reading: any thread at the
// same time. Errors: E4106 with the system's reason and the file's name; kind overloaded: the disk
// is full, the same may be tried again.
class SegmentFile {
 public:
  virtual ~SegmentFile() = default;
  // Writes all of the parts one after the other. After an error any of it may be in the file. The
  // parts may be changed.
  virtual Status write(std::span<iovec> parts, std::uint64_t position) = 0;
  // Durable on return, with the file's size.
  virtual Status sync() = 0;
  // Returns how much was read: less than `size` only at the file's end.
  virtual Result<std::size_t> read(char* into, std::size_t size, std::uint64_t position) = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Status truncate(std::uint64_t size) = 0;
};

// Where the log keeps its files, which are named by number. What tests replace to inject faults.
class SegmentFolder {
 public:
  virtual ~SegmentFolder() = default;
  // The numbers of all files, ascending; other names are ignored. Creates the folder when missing.
  virtual Result<std::vector<std::uint32_t>> list() = 0;
  // Opens the file, created (durably) when missing.
  virtual Result<std::unique_ptr<SegmentFile>> open(std::uint32_t number) = 0;
  virtual Status remove(std::uint32_t number) = 0;
};

// The files `<folder>/00000001.log` and so on of a real folder.
std::unique_ptr<SegmentFolder> segment_folder(const std::filesystem::path& folder);

}  // namespace pelton::store
