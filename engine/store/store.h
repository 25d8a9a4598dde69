// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/histogram.h"
#include "engine/base/memory_budget.h"
#include "engine/model/records.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rocksdb {
class Env;
}

namespace pelton::store {

class Ledger;
class SegmentFolder;

// What the engine wants to know of a stream that is to exist.
struct StreamSpec {
  std::string name;
  // May grow, never shrink (error E4103). 0: kept elsewhere (a topic), only cursors are here.
  std::uint32_t partitions = 1;
  std::optional<Duration> retention_time;
  std::optional<std::uint64_t> retention_bytes;
  bool retention_force = false;
  std::vector<std::string> bindings;  // that are configured to read it
  std::string topic;                  // what the config says of it when it is kept elsewhere
};

struct Options {
  std::filesystem::path data;             // created when missing
  std::uint64_t free_space_bytes = 0;     // appends from outside are refused (overloaded) below it
  std::uint64_t tail_bytes = 256U << 20;  // memory for the newest batches, at most
  // The tail and the appends that wait are claimed there, and bounded by what it has room for.
  // Null: none. Outlives the store.
  MemoryBudget* memory = nullptr;
  std::uint64_t buffer_bytes = 64U << 20;  // of RocksDB, until it writes a file
  std::size_t queue_transactions = 4096;   // outside appends wait or are refused beyond it
  std::size_t queue_bytes = 256U << 20;
  Duration maintenance_interval =
      std::chrono::seconds(5);               // retention and free space are looked at
  std::uint64_t segment_bytes = 256U << 20;  // of a file of the log; a small disk gets smaller ones
  // Of the file that is given back when the disk is full, and of the reserve. Absent: a sixteenth
  // of the file system, at most 128 MiB. 0: none.
  std::optional<std::uint64_t> ballast_bytes;
  // Seams for tests: the free bytes of the data folder's file system, the wall clock, RocksDB's way
  // to the disk, the log's files.
  std::function<std::uint64_t(const std::filesystem::path&)> free_space;
  std::function<WallTime()> now;
  rocksdb::Env* env = nullptr;
  SegmentFolder* log_files = nullptr;
  // Also for tests: no threads. open() says here how to do what they would do next: build a group
  // of what has queued (at most two are built and not committed), commit the oldest one that is
  // built. False: there is nothing to do. Whatever is durable on return does both by itself.
  struct Steps {
    std::function<bool()> build;
    std::function<bool()> commit;
  };
  Steps* steps = nullptr;
};

// How a commit ended: for each append of the transaction, the offset of its first event.
struct Committed {
  std::vector<Offset> bases;
};
// Called on the committing thread, once, in the order of submission: post on, do not work here.
using CommitCallback = std::move_only_function<void(Result<Committed>)>;

// Called on the committing thread after each sync with everything appended in that group, before
// the commit callbacks of the group: post on.
using AppendListener = std::function<void(std::span<const model::PlacedBatch>)>;

enum class Origin {
  outside,  // connectors and producers: refused (overloaded) when full or the disk is nearly so
  engine,   // settling: bounded by the windows of the dispatchers, always taken
};

// What the disk of the data folder has room for.
enum class DiskRoom {
  plenty,
  low,  // less than free_space_bytes: nothing is appended from outside; bindings that append wait
  exhausted,  // less than the reserve: nothing is begun that may end in a dead letter
};

struct StreamBounds {
  Offset earliest = 0;  // first offset still stored
  Offset end = 0;       // next offset to be given
};

struct PartitionStats {
  StreamBounds bounds;
  std::uint64_t bytes = 0;              // stored, before compression
  std::uint64_t dropped_unsettled = 0;  // events that retention.force dropped, since start
};

// The engine's memory: a log of groups, and RocksDB, which says what is where in it and keeps
// progress, retries, dead letters. All transactions that have queued become one group: offsets are
// given, the group is written to the log as one record with one sync, its metadata is applied to
// RocksDB, then the callbacks come. Two threads take turns, so that a large group is built while
// the one before is synced; commits come in order, one at a time ("the committing thread"). Reads
// go straight to the log and the in-memory tail from any thread. After a failed write nothing is
// acknowledged any more: every callback gets the error, failed() is true, on_failure is called, and
// the process is expected to end (a restart recovers).
class Store final {
 public:
  // Replays what the log has and RocksDB had not flushed. Errors: E4101 another engine holds the
  // folder (its process id is named); E4102 another format; E4104 not readable, writable or
  // created; corrupt (E4001): the log or RocksDB is damaged.
  static Result<std::unique_ptr<Store>> open(const Options& options,
                                             std::span<const StreamSpec> streams);
  ~Store();  // drains the queue, then closes
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The streams are these from now on: new ones are made, others get their partitions, retention
  // and bindings. A stream that is not among them keeps its events, which cannot be appended to.
  // One thread at a time. E4103 as of open(), then nothing has changed for anybody who appends.
  Status set_streams(std::span<const StreamSpec> streams);

  // ---- names: any thread, known from open() on
  std::optional<StreamId> find_stream(std::string_view name) const;
  // Of all streams that ever had its name, this one.
  Incarnation incarnation(StreamId stream) const;
  // The topic behind the stream is this one (cluster and topic id). When it was another one before,
  // all bindings' progress and retries on the stream are forgotten, and the incarnation is new.
  Result<Incarnation> identify(StreamId topic, std::string_view identity);
  // The binding's number, given durably at first sight. One thread at a time.
  Result<BindingId> binding_id(std::string_view name);
  // Deletes what is stored of a binding that is not configured: progress, retries, idempotency
  // records, dead letters. Of one that is configured: progress and retries on streams that it does
  // not read. Durable on return. E4109: nothing is stored under the name.
  Status forget_binding(std::string_view name);
  // Deletes the events of a stream that is not configured, and all progress on it. E4109; E4110: it
  // is configured.
  Status forget_stream(std::string_view name);

  // ---- writing: any thread
  // Takes the transaction; `done` is called once. When refused (overloaded, or failed) `done` is
  // not called.
  Status submit(model::Transaction&& transaction, Origin origin, CommitCallback done);
  // Waits until the queue has room for an outside transaction. False at the deadline.
  bool wait_for_room(std::chrono::steady_clock::time_point deadline);
  // The same for threads that may wait (sources): waits for room until the deadline, then for the
  // commit.
  Result<Committed> submit_and_wait(model::Transaction&& transaction, Origin origin,
                                    std::chrono::steady_clock::time_point deadline);
  // Before the first append. The failure listener is called once, on the thread that met the
  // failure (at once when it was before).
  void set_append_listener(AppendListener listener);
  void set_failure_listener(std::function<void(const Error&)> listener);
  bool failed() const;
  // Less than plenty: intake is refused (E4105).
  DiskRoom disk_room() const;

  // ---- reading: any thread
  // Batches of the partition from the one that holds `from` on (it may begin before `from`), until
  // about `max_bytes` (of model::Batch::unpacked()); at least one when there is any at or after
  // `from`. From the tail when it is there.
  Result<std::vector<model::PlacedBatch>> read(model::StreamPartition at, Offset from,
                                               std::size_t max_bytes);
  // The same when it can be had without waiting for the disk. Nothing: read() it, elsewhere.
  Result<std::optional<std::vector<model::PlacedBatch>>> read_tail(model::StreamPartition at,
                                                                   Offset from,
                                                                   std::size_t max_bytes);
  Result<StreamBounds> bounds(model::StreamPartition at);
  // The first offset whose event time is at or after `time`, as Kafka answers; end if none. Reads
  // about a MiB: the first segment whose latest event time reaches `time`.
  Result<Offset> offset_at(model::StreamPartition at, WallTime time);
  Result<PartitionStats> stats(model::StreamPartition at);

  Result<std::optional<model::Progress>> cursor(BindingId binding, model::StreamPartition at);
  // All events between attempts, with what memory keeps of their histories (model/histories.h).
  Result<std::vector<model::Transaction::RetryUpdate>> retries(BindingId binding,
                                                               model::StreamPartition at);
  // One event, with its whole history; empty when nothing is stored.
  Result<model::RetryState> retry(BindingId binding, model::StreamPartition at, Offset offset);

  // Dead letters in the order of their ids, from `after` (exclusive) on; visit returns false to
  // stop. One that is damaged comes with the reason "damaged", what is wrong with it in place of
  // its last error, and an event without data.
  Status dead_letters(BindingId binding, std::optional<model::DeadLetterId> after,
                      const std::function<bool(const model::DeadLetter&)>& visit);
  // Kind corrupt (E4001): it is damaged.
  Result<std::optional<model::DeadLetter>> dead_letter(const model::DeadLetterId& id);
  std::uint64_t dead_letter_count(BindingId binding) const;

  // The custom idempotency keys that the binding completed since then, oldest first.
  Status completed_keys(BindingId binding, WallTime since,
                        const std::function<void(const model::CompletedKeys&)>& visit);
  // Keys of the binding are dropped once they are older than remembered_since() of this ttl.
  void set_idempotency_ttl(BindingId binding, Duration ttl);

  // For as long as the answer is kept, retention drops nothing that the partition has from `offset`
  // on, unless it is forced to. Any thread.
  std::shared_ptr<const void> hold(model::StreamPartition at, Offset offset);

  // The connectors' own. Any thread.
  Ledger& ledger();

  // Called on one of the store's threads with a sentence for the operator's log (what
  // retention.force dropped, intake held back or resumed); it calls nothing of the store. What was
  // said since open() is said at once.
  void set_notice_listener(std::function<void(const std::string&)> listener);
  // Since open(): transactions committed and fsyncs made; a transaction's time from append() until
  // it is durable; a group's time on the disk.
  struct Activity {
    std::uint64_t commits = 0, syncs = 0;
    HistogramCounts transactions, group_commits;
  };
  Activity activity() const;
  // Looks at retention and free space now instead of at the interval; returns when done. For tests.
  void run_maintenance();

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::store
