// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/ddl_column.h"
#include "connectors/mysql/definition.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::mysql {

// What one ALTER TABLE does to a table. Its parts take effect together, as the servers apply them:
// they name columns as they were before, `AFTER` and a new key as they are then; columns whose
// definition changes keep their place unless one is named. Pure.
//
// A definition that was read after the statement ran may be altered by it again: what is there
// already stays as it is.
class TableAlteration {
 public:
  explicit TableAlteration(TableDefinition before) : before_(std::move(before)) {}

  bool was_there(std::string_view column) const;
  // Of new columns that name none.
  void set_charset(std::string charset) { before_.charset = std::move(charset); }
  // All texts get this one.
  void convert(std::string charset);
  void add(DeclaredColumn column, bool if_missing);
  void drop(std::string name) { dropped_.push_back(std::move(name)); }
  // The column `from` becomes what is declared, or gets another name. False: there is none.
  bool change(std::string from, DeclaredColumn to);
  bool rename(std::string from, std::string to);
  // An empty one: there is no primary key any more.
  void set_key(std::vector<std::string> columns) { key_ = std::move(columns); }

  TableDefinition finish() &&;

 private:
  struct Change {
    std::string from;  // empty: it is new
    DeclaredColumn to;
  };
  const Change* change_of(std::string_view column) const;
  bool is_added(std::string_view column) const;
  // What an old column is called afterwards; nothing: it is dropped.
  std::optional<std::string> name_after(const std::string& column) const;
  std::vector<ColumnDefinition> columns_that_stay() const;
  void place(std::vector<ColumnDefinition>& columns, const DeclaredColumn& column) const;
  std::vector<std::string> key_after() const;

  TableDefinition before_;
  std::vector<std::string> dropped_;
  std::vector<std::pair<std::string, std::string>> renamed_;
  std::vector<Change> changes_;  // and new columns, in the statement's order
  std::optional<std::vector<std::string>> key_;
};

}  // namespace pelton::mysql
