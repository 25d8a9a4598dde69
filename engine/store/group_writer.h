// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/batch_builder.h"
#include "engine/store/logs.h"
#include "engine/store/transaction_queue.h"

#include <map>
#include <set>
#include <vector>

namespace pelton::store {

class BindingState;

// What one group came to.
struct Group {
  rocksdb::WriteBatch& writes;             // the writer's own, good until the next group is built
  std::vector<model::PlacedBatch> placed;  // in the order of their offsets
  std::vector<Committed> commits;          // of each transaction
};

// Turns a group of transactions into one WriteBatch: gives offsets, joins small appends of a
// partition into one stored batch, writes only the last cursor of each binding and partition. The
// store thread's.
class GroupWriter {
 public:
  GroupWriter(Database& database, Logs& logs, BindingState& bindings)
      : database_(database), logs_(logs), bindings_(bindings) {}

  Group build(std::vector<Pending>& group);

 private:
  // Appends of one partition that are small enough to be stored together.
  struct Joined {
    Offset base = 0;
    std::vector<model::BatchPtr> batches;
    std::size_t bytes = 0;
  };

  void add_append(const model::Append& append, Committed& committed, Group& out);
  void flush_joined(model::StreamPartition at, Joined& joined, Group& out);
  void place(model::StreamPartition at, Offset base, model::BatchPtr batch, Group& out);
  void add_cursors(const std::vector<Pending>& group, Group& out);
  void add_records(const model::Transaction& transaction, Group& out);
  void put(Group& out, Family family, const std::string& key, const std::string& value);
  void remove(Group& out, Family family, const std::string& key);

  Database& database_;
  Logs& logs_;
  BindingState& bindings_;
  rocksdb::WriteBatch writes_;                        // kept for its memory: megabytes a group
  std::map<model::StreamPartition, Offset> next_;     // next offset of every partition appended to
  std::map<model::StreamPartition, Joined> joining_;  // of the group at hand
  model::BatchBuilder builder_;
};

}  // namespace pelton::store
