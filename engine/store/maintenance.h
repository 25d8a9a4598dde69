// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/binding_state.h"
#include "engine/store/disk_space.h"
#include "engine/store/garbage.h"
#include "engine/store/logs.h"
#include "engine/store/retention_holds.h"
#include "engine/store/transaction_queue.h"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace pelton::store {

// What is done behind the events' backs: retention of streams, removal of garbage, the ballast,
// flushes of RocksDB, and what follows for the log: segments are recycled, mostly dead ones have
// their living batches copied forward. The maintenance thread's, but for what is marked any thread.
class Maintenance {
 public:
  // How it writes: durable on return.
  struct Writes {
    WriteChanges changes;
    std::function<Status(std::vector<Move>&&)> moves;
    std::function<Status()> end_of_segment;
  };

  Maintenance(DiskSpace& disk, Notices& notices, Database& database, Log& log, Logs& logs,
              BindingState& bindings, Writes write)
      : disk_(disk),
        notices_(notices),
        database_(database),
        log_(log),
        logs_(logs),
        bindings_(bindings),
        write_(std::move(write)),
        garbage_(database, log, write_.changes, stopping_) {}

  ~Maintenance();
  Maintenance(const Maintenance&) = delete;
  Maintenance& operator=(const Maintenance&) = delete;

  // One thread at a time. The bindings of the streams hold them back, no others do.
  Status hold(std::span<const StreamSpec> streams);
  // Takes the state of the index as it is: batches that are committed later are counted by the
  // committing thread. Before anything is appended.
  void begin_counting();
  // Any thread.
  Garbage& garbage() { return garbage_; }
  // Any thread: a group is applied, of so many bytes of the log.
  void applied(std::uint64_t group, std::uint64_t bytes);
  // Any thread: what takes long ends early.
  void stop() { stopping_ = true; }

  // Any thread: retention keeps the partition from `offset` on.
  RetentionHolds::Hold hold(model::StreamPartition at, Offset offset) {
    return holds_.add(at, offset);
  }

  Status run(WallTime now);
  // Deletes what is stored of a stream or binding that is not configured.
  Status forget(const std::string& name, StreamId stream);
  Status forget(const std::string& name, BindingId binding);

 private:
  // What retention takes away, of all partitions together.
  struct Drop {
    std::vector<Logs::Cut> cuts;
    Changes changes;
    std::vector<Place> places;
    std::size_t batches = 0;  // of the cuts: places are bounded by rounds
  };

  Status count_live();
  // One write for all partitions, or some when very much is dropped.
  Status retain_all(WallTime now);
  void retain(model::StreamPartition at, const StreamSpec& spec, WallTime now, Drop& out);
  // The first offset that some binding has not settled; nothing holds back: the end.
  Offset unsettled(model::StreamPartition at, Offset end);
  Status write(Drop& drop);
  // Leaves out, and takes off the list, what a seek holds or has gone back to since retain().
  void drop(std::vector<Logs::Cut>& cuts);
  Status add_changes(const Logs::Cut& cut, Drop& out);
  // Damage among what is not needed any more stops nothing else.
  Status collect_garbage(WallTime now);
  // Where space is short, a segment is not waited for until it is full.
  Status end_segment();
  // Purged dead letters give their space back.
  Status compact_letters();
  // Says which families a compaction found damaged.
  void note_damage();
  // Gets rid of damage among the dead letters once none is left.
  Status drop_damaged_letters();
  Status copy_forward();
  Status copy_segment(std::uint64_t lap, std::uint64_t& budget);
  // The batch at this place, when the index still knows it there.
  Result<std::optional<Move>> living(const DirectoryEntry& entry, const Place& place);
  bool short_of_space() const { return disk_.room() != DiskRoom::plenty; }
  Status flush();
  Status recycle();

  DiskSpace& disk_;
  Notices& notices_;
  Database& database_;
  Log& log_;
  Logs& logs_;
  BindingState& bindings_;
  const Writes write_;
  RetentionHolds holds_;
  const rocksdb::Snapshot* uncounted_ = nullptr;
  std::uint64_t flushed_ = 0;          // groups up to this one need no replay
  std::uint64_t letters_removed_ = 0;  // whose space was given back
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> unflushed_bytes_{0};
  std::atomic<bool> stopping_{false};
  Garbage garbage_;
  std::mutex mutex_;
  // guarded by mutex_
  std::map<StreamId, std::vector<BindingId>> holders_;
};

}  // namespace pelton::store
