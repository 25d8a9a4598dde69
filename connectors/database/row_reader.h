// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/data_fields.h"
#include "connectors/database/sink_options.h"
#include "connectors/database/target.h"
#include "connectors/database/text_arena.h"
#include "engine/model/batch.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace pelton::database {

// Makes rows of events. One thread.
class RowReader {
 public:
  // E7242 invalid: the options name columns that the table does not have, or it needs a key and
  // there is none. Both outlive it.
  static Result<RowReader> make(const SinkOptions& options, const TargetTable& table);

  // The row of event i, as values by the table's columns (all absent before the call); those that
  // are not in the batch are kept in the arena. True: it is to be deleted, and has the columns of
  // its key alone. E7245 invalid: the event is no row of the table.
  Result<bool> read(const model::Batch& batch, std::size_t i, std::span<Value> row,
                    TextArena& arena);

  // The columns of the key; empty: it needs none.
  std::span<const std::size_t> key() const { return key_; }

 private:
  RowReader(const SinkOptions& options, const TargetTable& table);
  Status map_columns();
  Status find_key();
  bool removes(const model::Batch& batch, std::size_t i) const;
  Status read_attributes(const model::Batch& batch, std::size_t i, std::span<Value> row,
                         TextArena& arena);
  Status read_data(const model::Batch& batch, std::size_t i, std::span<Value> row,
                   TextArena& arena);
  Status read_key(const model::Batch& batch, std::size_t i, std::span<Value> row, TextArena& arena);
  Status check_key(std::span<const Value> row) const;

  const SinkOptions& options_;
  const TargetTable& table_;
  std::vector<std::size_t> key_;
  // Columns that get an attribute of the event, by the field.
  std::vector<std::pair<std::size_t, const config::FieldRef*>> attributes_;
  std::unique_ptr<DataFields> fields_;  // of the data
};

}  // namespace pelton::database
