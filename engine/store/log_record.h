// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What one group of transactions looks like in the log (docs/formats.md): a header, a directory of
// its batches, the batches, the metadata. Numbers are little-endian.
namespace pelton::store {

// Where the bytes of a batch are. A lap names one use of one segment and never returns, so that a
// place whose segment was recycled is known to be gone.
struct Place {
  std::uint64_t lap = 0;
  std::uint64_t position = 0;
  std::uint32_t bytes = 0;
  std::uint32_t crc = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

// Where a group is written.
struct LogSlot {
  std::uint64_t group = 0;  // from 1; 0: no group
  std::uint64_t lap = 0;
  std::uint64_t position = 0;
};

struct RecordHeader {
  std::uint64_t log = 0;  // random, one a data folder: no event's data can imitate a header
  std::uint64_t lap = 0;
  std::uint64_t group = 0;
  std::uint64_t batch_bytes = 0;
  std::uint64_t metadata_bytes = 0;
  std::uint32_t batches = 0;  // entries of the directory
  std::uint32_t crc = 0;      // of directory and metadata; each batch has its own in the directory

  std::uint64_t size() const;         // of the record, without padding
  std::uint64_t padded_size() const;  // where the next one begins
};
inline constexpr std::size_t kHeaderSize = 64;
inline constexpr std::uint64_t kRecordAlignment = 8;

struct DirectoryEntry {
  model::StreamPartition at;
  Offset base = 0;
  std::uint32_t events = 0;
  std::uint32_t crc = 0;
  std::uint64_t bytes = 0;
  std::int64_t appended_us = 0;
  std::int64_t earliest_us = 0;  // of the times of its events
  std::int64_t latest_us = 0;
};
inline constexpr std::size_t kDirectoryEntrySize = 56;

std::string encode(const RecordHeader& header);
// Nothing: these 64 bytes are not a whole header.
std::optional<RecordHeader> decode_header(std::string_view bytes);
// The same for headers of this log only.
std::optional<RecordHeader> decode_header(std::string_view bytes, std::uint64_t log);
void encode(const DirectoryEntry& entry, std::string& out);
DirectoryEntry decode_directory_entry(std::string_view bytes);

}  // namespace pelton::store
