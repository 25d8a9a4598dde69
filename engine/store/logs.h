// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/claimed_batch.h"
#include "engine/store/changes.h"
#include "engine/store/log.h"
#include "engine/store/partition_log.h"

#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace pelton::store {

// Thread-safe. The embedded streams: what is known of every partition in memory, over the index in
// RocksDB and the batches in the log. Written by the committing thread, read by any.
class Logs {
 public:
  // The newest batches stay in memory: of `tail_bytes` at most, and of what `memory`, when there is
  // one, leaves for them.
  Logs(Database& database, Log& log, std::uint64_t tail_bytes, MemoryBudget* memory)
      : database_(database), log_(log), tail_most_(tail_bytes), memory_(memory) {}

  // Gives every stream its number and finds the ends of its partitions. E4103: a partition count
  // was lowered. Partitions of streams that are not configured any more keep their batches.
  Status open(std::span<const StreamSpec> specs, const WriteChanges& write);
  // While it runs: the streams are these from now on. Errors as of open(); then those of before
  // are.
  Status reopen(std::span<const StreamSpec> specs, const WriteChanges& write);
  bool has(model::StreamPartition at) const;
  std::optional<StreamId> find(std::string_view name) const;
  std::map<StreamId, StreamSpec> streams() const;
  // For people; its number when it is not configured.
  std::string name(StreamId stream) const;
  Incarnation incarnation(StreamId stream) const;
  void set_incarnation(StreamId stream, Incarnation incarnation);

  // ---- the committing thread
  void append(std::span<const model::PlacedBatch> batches, std::span<const IndexEntry> entries);
  // ---- the building thread
  // Puts the extents that appends have closed since the last call into the batch.
  void store_closed(rocksdb::WriteBatch& batch);
  // ---- maintenance
  std::deque<Extent> extents(model::StreamPartition at) const;
  // Whole extents off the front of a partition, up to this offset.
  struct Cut {
    model::StreamPartition at;
    std::vector<Offset> extents;  // where each begins
    Offset up_to = 0;
    std::uint64_t unsettled = 0;  // events of them, for the statistics
    bool forced = false;          // whatever holds them
  };
  // Drops them, all at once; leaves out, and takes off the list, those to whose last extent a batch
  // has come since extents().
  void drop(std::vector<Cut>& cuts);
  // The stream, which is not configured, is no more.
  void forget(StreamId stream);

  // ---- any thread
  Result<std::vector<model::PlacedBatch>> read(model::StreamPartition at, Offset from,
                                               std::size_t max_bytes);
  Result<std::optional<std::vector<model::PlacedBatch>>> read_tail(model::StreamPartition at,
                                                                   Offset from,
                                                                   std::size_t max_bytes);
  Result<StreamBounds> bounds(model::StreamPartition at) const;
  Result<Offset> offset_at(model::StreamPartition at, WallTime time);
  Result<PartitionStats> stats(model::StreamPartition at) const;

 private:
  struct Entry {
    PartitionLog log;
    std::uint64_t dropped_unsettled = 0;
  };

  Result<StreamId> open_stream(const StreamSpec& spec, const WriteChanges& write);
  Status open_partition(model::StreamPartition at);
  Result<std::deque<Extent>> stored_extents(model::StreamPartition at);
  struct Extents {
    std::deque<Extent> all;
    std::vector<Extent> rebuilt;  // of them: those that were not stored
  };
  // Without gaps from `earliest` to the end, whatever of them is stored.
  Result<Extents> all_extents(model::StreamPartition at, Offset earliest);
  // Those of the batches between two offsets, from the index.
  Status rebuild(model::StreamPartition at, Offset from, Offset to, Extents& extents);
  Result<std::vector<model::PlacedBatch>> read_stored(model::StreamPartition at, Offset from,
                                                      std::size_t max_bytes);
  struct Found {
    Offset base = 0;
    IndexEntry entry;
  };
  // Where the batches from `from` on are.
  Result<std::vector<Found>> look_up(model::StreamPartition at, Offset from,
                                     std::size_t max_bytes) const;
  // The batch; nothing when its segment was recycled meanwhile.
  Result<std::optional<model::PlacedBatch>> fetch(model::StreamPartition at,
                                                  const Found& found) const;
  // Kind corrupt, with the place.
  std::unexpected<Error> damaged(model::StreamPartition at, Offset base,
                                 const std::string& cause) const;
  std::unexpected<Error> missing(model::StreamPartition at, Offset from, Offset next) const;
  // By retention, or with its whole stream.
  bool dropped(model::StreamPartition at, Offset offset) const;
  Result<const Entry*> find_locked(model::StreamPartition at) const;
  void keep(const model::PlacedBatch& placed);
  void trim_tail();

  Database& database_;
  Log& log_;
  const std::uint64_t tail_most_;
  MemoryBudget* const memory_;
  mutable std::shared_mutex specs_mutex_;
  // guarded by specs_mutex_
  std::map<std::string, StreamId, std::less<>> names_;
  std::map<StreamId, StreamSpec> specs_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<model::StreamPartition, Entry> entries_;
  std::map<StreamId, Incarnation> incarnations_;
  std::vector<std::pair<model::StreamPartition, Extent>> closed_;
  struct InTail {
    model::StreamPartition at;
    model::ClaimedBatch batch;
  };
  std::deque<InTail> tail_;  // every batch in memory, oldest first
  std::uint64_t tail_bytes_ = 0;
};

// The value of a partition's bounds record.
std::string encode_bounds(StreamBounds bounds);

}  // namespace pelton::store
