// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/store/histories.h"
#include "engine/store/log.h"
#include "engine/store/logs.h"
#include "engine/store/transaction_queue.h"

#include <map>
#include <string>
#include <vector>

namespace pelton::store {

class BindingState;

// What one group comes to. Kept by the thread that builds and commits it, and used again for its
// memory.
struct Group {
  std::vector<Pending> pending;
  std::vector<Committed> commits;          // of each transaction
  std::vector<model::PlacedBatch> placed;  // in the order of their offsets
  std::vector<IndexEntry> entries;         // of each of `placed`; places are known after finish()
  std::vector<Place> moved_from;           // of the batches that are copied forward
  std::vector<Place> moved_to;
  std::size_t bytes = 0;  // queued so far
  bool begins_segment = false;
  std::uint32_t key_records = 0;  // of completed idempotency keys
  rocksdb::WriteBatch metadata;
  std::string head;  // header and directory
  LogSlot slot;      // group 0: there is nothing to write

  void clear();
  // The record, in the order of the log.
  std::vector<iovec> parts() const;
  std::uint64_t record_bytes() const;
};

// Turns transactions into a group: gives offsets, joins small appends of a partition into one
// stored batch and the idempotency keys of a binding into one record, writes only the last cursor
// of each binding and partition, gives every batch its place in the log. One thread at a time.
class GroupWriter {
 public:
  GroupWriter(Database& database, Log& log, Logs& logs, BindingState& bindings)
      : database_(database), log_(log), logs_(logs), bindings_(bindings), histories_(database) {}

  void add(std::vector<Pending>&& pending, Group& group);
  // After the last add(). `now` is the time of append. Fails when the log cannot grow.
  Status finish(Group& group, WallTime now);

 private:
  // Appends of one partition that are small enough to be stored together.
  struct Joined {
    Offset base = 0;
    std::vector<model::BatchPtr> batches;
    std::size_t bytes = 0;
  };

  void add_append(const model::Append& append, Committed& committed, Group& group);
  void flush_joined(model::StreamPartition at, Joined& joined, Group& group);
  void place(model::StreamPartition at, Offset base, model::BatchPtr batch, Group& group);
  void add_cursors(Group& group);
  void add_records(const model::Transaction& transaction, Group& group);
  void add_retry(const model::Transaction::RetryUpdate& retry, Group& group);
  void add_letters(const model::Transaction& transaction, Group& group);
  void join_keys(const model::CompletedKeys& done, Group& group);
  void flush_keys(model::CompletedKeys& joined, Group& group);
  void flush_all_keys(Group& group);
  void add_changes(const Changes& changes, Group& group);
  // Gives the batches their places, and the group its directory and index.
  void add_batches(Group& group, std::string& directory);
  void put(Group& group, Family family, const std::string& key, const std::string& value);
  void remove(Group& group, Family family, const std::string& key);

  Database& database_;
  Log& log_;
  Logs& logs_;
  BindingState& bindings_;
  Histories histories_;
  std::map<model::StreamPartition, Offset> next_;     // next offset of every partition appended to
  std::map<model::StreamPartition, Joined> joining_;  // of the group being built
  std::map<BindingId, model::CompletedKeys> completed_;  // of the group being built
  std::vector<std::int64_t> earliest_us_;                // event times of each placed batch
  std::int64_t last_append_us_ = 0;                      // times of append never go back
  model::BatchBuilder builder_;
};

}  // namespace pelton::store
