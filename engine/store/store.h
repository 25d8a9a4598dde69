// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/records.h"

namespace pelton::store {

// What the engine wants to know of a stream that is to exist.
struct StreamSpec {
  std::string name;
  std::uint32_t partitions = 1;         // may grow, never shrink (error E4103)
  std::optional<Duration> retention_time;
  std::optional<std::uint64_t> retention_bytes;
  bool retention_force = false;
  std::vector<std::string> bindings;    // whose cursors hold retention back
};

struct Options {
  std::filesystem::path data;           // created when missing
  std::uint64_t free_space_bytes = 0;   // appends from outside are refused (overloaded) below it
  std::uint64_t tail_bytes = 256U << 20;  // memory for the newest batches
  std::size_t queue_transactions = 4096;  // outside appends wait or are refused beyond it
  std::size_t queue_bytes = 256U << 20;
  Duration maintenance_interval = std::chrono::seconds(5);  // retention and free space are looked at
};

// How a commit ended: for each append of the transaction, the offset of its first event.
struct Committed {
  std::vector<Offset> bases;
};
// Called on the store thread, once, in the order of submission: post on, do not work here.
using CommitCallback = std::move_only_function<void(Result<Committed>)>;

// Called on the store thread after each fsync with everything appended in that group, before the commit
// callbacks of the group: post on.
using AppendListener = std::function<void(std::span<const PlacedBatch>)>;

enum class Origin {
  outside,  // connectors and producers: refused (overloaded) when full or the disk is nearly so
  engine,   // settling: bounded by the windows of the dispatchers, always taken
};

struct StreamBounds {
  Offset earliest = 0;                  // first offset still stored
  Offset end = 0;                       // next offset to be given
};

struct PartitionStats {
  StreamBounds bounds;
  std::uint64_t bytes = 0;              // stored, before compression
  std::uint64_t dropped_unsettled = 0;  // events that retention.force dropped, since start
};

// The engine's memory: one RocksDB with one writing thread, the sequencer. It takes all transactions that have
// queued, assigns offsets, writes one WriteBatch with one fsync, then calls back. Reads go straight to RocksDB
// and the in-memory tail from any thread. After a failed write nothing is acknowledged any more: every callback
// gets the error, failed() is true, on_failure is called, and the process is expected to end (a restart recovers).
class Store {
 public:
  // Errors: E4101 another engine holds the folder (its process id is named); E4102 a newer format; E4104 not
  // readable, writable or created; corrupt: RocksDB found damage.
  static Result<std::unique_ptr<Store>> open(const Options& options,
                                             std::span<const StreamSpec> streams);
  virtual ~Store() = default;           // drains the queue, then closes

  // ---- names: any thread, known from open() on
  virtual std::optional<StreamId> find_stream(std::string_view name) const = 0;
  // The binding's number, given durably at first sight. Before the engine runs.
  virtual Result<BindingId> binding_id(std::string_view name) = 0;

  // ---- writing: any thread
  // Takes the transaction; `done` is called once. When refused (overloaded, or failed) `done` is not called.
  virtual Status submit(Transaction&& transaction, Origin origin, CommitCallback done) = 0;
  // The same for threads that may wait (sources): waits for room until the deadline, then for the commit.
  virtual Result<Committed> submit_and_wait(Transaction&& transaction, Origin origin,
                                            std::chrono::steady_clock::time_point deadline) = 0;
  // Before the first append.
  virtual void set_append_listener(AppendListener listener) = 0;
  virtual void set_failure_listener(std::function<void(const Error&)> listener) = 0;
  virtual bool failed() const = 0;
  // False while the free-space guard holds intake back.
  virtual bool accepts_intake() const = 0;

  // ---- reading: any thread
  // Batches of the partition from the one that holds `from` on (it may begin before `from`), until about
  // `max_bytes`; at least one when there is any at or after `from`. From the tail when it is there.
  virtual Result<std::vector<PlacedBatch>> read(StreamPartition at, Offset from,
                                                std::size_t max_bytes) = 0;
  virtual Result<StreamBounds> bounds(StreamPartition at) = 0;
  // The first offset whose event time (append time when larger batches mix) is at or after `time`; end if none.
  virtual Result<Offset> offset_at(StreamPartition at, WallTime time) = 0;
  virtual Result<PartitionStats> stats(StreamPartition at) = 0;

  virtual Result<std::optional<Cursor>> cursor(BindingId binding, StreamPartition at) = 0;
  virtual Result<std::vector<Transaction::RetryUpdate>> retries(BindingId binding,
                                                                StreamPartition at) = 0;

  // Dead letters in the order of their ids, from `after` (exclusive) on; visit returns false to stop.
  virtual Status dead_letters(BindingId binding, std::optional<DeadLetterId> after,
                              const std::function<bool(const DeadLetter&)>& visit) = 0;
  virtual Result<std::optional<DeadLetter>> dead_letter(const DeadLetterId& id) = 0;
  virtual std::uint64_t dead_letter_count(BindingId binding) const = 0;

  // Idempotency records of the binding that are younger than `since`, oldest first: fills the index at start.
  virtual Status idempotency_records(BindingId binding, WallTime since,
                                     const std::function<void(IdempotencyRecord&&)>& visit) = 0;
  // Tells the store when records of the binding may be dropped (whole buckets of time).
  virtual void set_idempotency_ttl(BindingId binding, Duration ttl) = 0;

  // ---- a small durable map per connector (file ledgers): any thread, durable on return
  struct KeyValue {
    std::string key;
    std::optional<std::string> value;   // absent: remove
  };
  virtual Status ledger_put(std::string_view connector, std::span<const KeyValue> entries) = 0;
  virtual Result<std::optional<std::string>> ledger_get(std::string_view connector,
                                                        std::string_view key) = 0;
  virtual Status ledger_scan(std::string_view connector, std::string_view prefix,
                             const std::function<bool(std::string_view, std::string_view)>& visit) = 0;
};

}  // namespace pelton::store
