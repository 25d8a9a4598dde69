// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/log_record.h"
#include "engine/store/segment_file.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace pelton::store {

struct SegmentUsage {
  std::uint64_t lap = 0;
  std::uint64_t used = 0;  // bytes written
  std::uint64_t live = 0;  // of batches that are still wanted
};

// The log: segment files that groups are written to, one record each, in the order of their
// numbers. A segment whose batches are all unwanted is recycled under a new lap. Calls are marked
// with who may make them; the builder and the committer are one thread at a time each.
class Log {
 public:
  using Apply = std::function<Status(std::string_view metadata)>;

  Log(SegmentFolder& folder, std::uint64_t id, std::uint64_t segment_bytes)
      : folder_(folder), id_(id), segment_bytes_(segment_bytes) {}
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Once, before everything else: finds the segments and hands the metadata of every whole group
  // behind `applied` over. A last group that is not whole was never acknowledged and is left out.
  // Kind corrupt (E4001): a group is damaged that whole ones follow, or one that was there is gone.
  Status open(const LogSlot& applied, const Apply& apply);

  // ---- the builder
  // The place of the next group, which takes at most `bytes`; begins a segment when the current
  // one has no room for it.
  Result<LogSlot> reserve(std::uint64_t bytes);
  // The number that reserve() gives next.
  std::uint64_t next_group() const { return next_group_; }
  // The next group begins a segment.
  void end_segment() { ending_ = true; }
  // The group takes `bytes` from its place on.
  void reserved(std::uint64_t bytes) { position_ += bytes; }

  // ---- the committer
  // Durable on return. Kind overloaded: the disk is full; the same group may be written again.
  Status write(const LogSlot& slot, std::span<iovec> parts);
  // Batches that are at these places from now on, or no longer. Any thread.
  void add_live(std::span<const Place> places);
  void remove_live(std::span<const Place> places);

  // ---- any thread
  // The bytes of a batch. Nothing: its segment was recycled. Corrupt (E4001): not what was written.
  Result<std::optional<std::string>> read(const Place& place);
  std::uint64_t id() const { return id_; }
  std::uint64_t segment_bytes() const { return segment_bytes_; }

  // ---- maintenance
  // Segments that no group is being written to.
  std::vector<SegmentUsage> sealed() const;
  // The one that groups are being written to.
  SegmentUsage active() const;
  // Visits the batches that were written to the segment, with the places they had there. Ends
  // quietly at a record that is not whole.
  Status visit(std::uint64_t lap,
               const std::function<void(const DirectoryEntry&, const Place&)>& visit);
  // Recycles the sealed segments without live batches whose groups all come before `flushed`, the
  // last one that needs no replay: a start looks for that one. Keeps at most `spare` unused files.
  // False: some need a flush first.
  Result<bool> release(std::uint64_t flushed, std::size_t spare);

 private:
  struct File {
    std::uint32_t number = 0;
    std::unique_ptr<SegmentFile> file;
  };
  // One lap.
  struct Segment {
    Log& log;
    File file;
    std::uint64_t lap = 0;
    std::uint64_t used = 0;
    std::uint64_t live = 0;
    std::uint64_t last_group = 0;
    ~Segment() { log.give_back(std::move(file)); }
  };
  // Shared by the log and by readers under way; the last one gives the file back.
  using SegmentPtr = std::shared_ptr<Segment>;
  class Recovery;

  void give_back(File&& file);
  Result<File> spare_file();
  Status begin_segment();
  SegmentPtr find(std::uint64_t lap) const;

  SegmentFolder& folder_;
  const std::uint64_t id_;
  const std::uint64_t segment_bytes_;
  // The builder's.
  SegmentPtr active_;
  std::uint64_t position_ = 0;
  bool ending_ = false;
  std::uint64_t next_group_ = 1;
  std::uint64_t next_lap_ = 1;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<std::uint64_t, SegmentPtr> segments_;  // by lap
  std::uint64_t active_lap_ = 0;
  std::uint32_t next_number_ = 1;
  std::mutex spare_mutex_;
  std::vector<File> spare_;  // guarded by spare_mutex_
};

}  // namespace pelton::store
