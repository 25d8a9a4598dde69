// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"
#include "engine/store/partition_log.h"

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace pelton::store {

// Thread-safe. The embedded streams: every partition's log in memory over its batches in RocksDB.
// Written by the store thread, read by any.
class Logs {
 public:
  Logs(Database& database, std::uint64_t tail_bytes)
      : database_(database), tail_limit_(tail_bytes) {}

  // Gives every stream its number and finds the ends of its partitions. E4103: a partition count
  // was lowered.
  Status open(std::span<const StreamSpec> specs);
  bool has(model::StreamPartition at) const;
  std::optional<StreamId> find(std::string_view name) const;
  const std::map<StreamId, StreamSpec>& streams() const { return specs_; }

  // ---- the store thread
  void append(std::span<const model::PlacedBatch> batches);
  // Puts the segments that appends have closed since the last call into the batch.
  void store_closed(rocksdb::WriteBatch& batch);
  std::deque<Segment> segments(model::StreamPartition at) const;
  void drop(model::StreamPartition at, std::size_t segments, std::uint64_t unsettled);

  // ---- any thread
  Result<std::vector<model::PlacedBatch>> read(model::StreamPartition at, Offset from,
                                               std::size_t max_bytes);
  Result<StreamBounds> bounds(model::StreamPartition at) const;
  Result<Offset> offset_at(model::StreamPartition at, WallTime time);
  Result<PartitionStats> stats(model::StreamPartition at) const;

 private:
  struct Entry {
    PartitionLog log;
    std::uint64_t dropped_unsettled = 0;
  };

  Status open_stream(const StreamSpec& spec);
  Status open_partition(model::StreamPartition at);
  Result<std::deque<Segment>> stored_segments(model::StreamPartition at);
  Status rebuild_last(model::StreamPartition at, Offset from, std::deque<Segment>& segments);
  Result<std::vector<model::PlacedBatch>> read_stored(model::StreamPartition at, Offset from,
                                                      std::size_t max_bytes);
  Result<model::PlacedBatch> parse(model::StreamPartition at, std::string_view key,
                                   std::string_view value) const;
  // Kind corrupt, with the place.
  std::unexpected<Error> damaged(model::StreamPartition at, Offset base,
                                 const std::string& cause) const;
  bool dropped(model::StreamPartition at, Offset offset) const;
  Result<const Entry*> find_locked(model::StreamPartition at) const;
  void trim_tail();

  Database& database_;
  const std::uint64_t tail_limit_;
  std::vector<std::pair<model::StreamPartition, Segment>> closed_;  // the store thread's
  // Fixed after open().
  std::map<std::string, StreamId, std::less<>> names_;
  std::map<StreamId, StreamSpec> specs_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<model::StreamPartition, Entry> entries_;
  std::deque<model::StreamPartition> tail_order_;  // of every batch in memory, oldest first
  std::uint64_t tail_bytes_ = 0;
};

// The value of a partition's bounds record.
std::string encode_bounds(StreamBounds bounds);

}  // namespace pelton::store
