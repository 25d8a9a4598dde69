// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/target.h"
#include "connectors/database/text_arena.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::database {

// Finds the values of columns in JSON data, in one pass over it. One thread.
class DataFields {
 public:
  // `strict`: a field of the outermost object that no column wants is an error.
  DataFields(const TargetTable& table, bool strict);
  ~DataFields();
  DataFields(const DataFields&) = delete;
  DataFields& operator=(const DataFields&) = delete;

  // The field at this path, one name a step, goes to the column.
  void add(const std::vector<std::string>& path, std::size_t column);
  bool any() const { return any_; }

  // Fills in what the data has; fields that it does not have leave their columns alone. Returns
  // what is wrong with it.
  std::optional<std::string> read(std::string_view data, std::span<Value> row, TextArena& arena);

 private:
  struct Node {
    std::map<std::string, Node, std::less<>> inner;
    std::vector<std::size_t> columns;
  };
  class Reading;

  const TargetTable& table_;
  const bool strict_;
  Node root_;
  bool any_ = false;
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// Fills in the columns of a key from its text: one column as it is, several as a JSON array in
// their order, any number as a JSON object by name. Returns what is wrong with it.
std::optional<std::string> read_key_text(const TargetTable& table,
                                         std::span<const std::size_t> columns,
                                         std::string_view text, std::span<Value> row,
                                         TextArena& arena);

}  // namespace pelton::database
