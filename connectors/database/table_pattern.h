// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::database {

// Value. Which tables are meant: "public.orders", "inventory.*", "orders" (of a default schema,
// where the database has one). `*` stands for any characters; a name in double quotes is taken as
// it is, dots included.
class TablePattern {
 public:
  // Nothing: not of this form. Without a default schema a name must have one.
  static std::optional<TablePattern> parse(const std::string& text,
                                           const std::string& default_schema);

  bool matches(std::string_view schema, std::string_view table) const;
  // It names one table.
  bool exact() const { return schema_.exact && table_.exact; }
  const std::string& text() const { return text_; }
  // Of one that names a table: "schema.table".
  std::string full_name() const { return schema_.text + "." + table_.text; }

  friend bool operator==(const TablePattern& a, const TablePattern& b) {
    return a.text_ == b.text_;
  }

 private:
  struct Name {
    std::string text;
    bool exact = true;
    bool matches(std::string_view name) const;
  };
  static bool read_name(std::string_view& rest, Name& out);

  std::string text_;
  Name schema_, table_;
};

// Whether one of them matches; none at all mean every table.
bool wanted(const std::vector<TablePattern>& patterns, std::string_view schema,
            std::string_view table);

}  // namespace pelton::database
