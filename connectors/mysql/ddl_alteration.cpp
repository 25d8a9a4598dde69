// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/ddl_alteration.h"

#include <algorithm>
#include <utility>

namespace pelton::mysql {

void TableAlteration::convert(std::string charset) {
  for (ColumnDefinition& column : before_.columns) {
    if (is_text(column)) column.charset.clear();
    complete(column, charset);
  }
  before_.charset = std::move(charset);
}

bool TableAlteration::was_there(std::string_view name) const {
  return std::ranges::any_of(before_.columns, [&](const ColumnDefinition& column) {
    return same_name(column.name, name);
  });
}

void TableAlteration::add(DeclaredColumn column, bool if_missing) {
  if (if_missing && was_there(column.column.name)) return;
  changes_.push_back({"", std::move(column)});
}

bool TableAlteration::change(std::string from, DeclaredColumn to) {
  if (!was_there(from)) from = to.column.name;
  if (!was_there(from)) return false;
  changes_.push_back({std::move(from), std::move(to)});
  return true;
}

bool TableAlteration::rename(std::string from, std::string to) {
  if (!was_there(from)) return was_there(to);
  renamed_.emplace_back(std::move(from), std::move(to));
  return true;
}

const TableAlteration::Change* TableAlteration::change_of(std::string_view column) const {
  const auto at = std::ranges::find_if(changes_, [&](const Change& change) {
    return !change.from.empty() && same_name(change.from, column);
  });
  return at == changes_.end() ? nullptr : &*at;
}

std::optional<std::string> TableAlteration::name_after(const std::string& column) const {
  const auto same = [&](const std::string& name) { return same_name(name, column); };
  if (std::ranges::any_of(dropped_, same)) return std::nullopt;
  if (const Change* const change = change_of(column)) return change->to.column.name;
  const auto at = std::ranges::find_if(renamed_, same, &std::pair<std::string, std::string>::first);
  return at == renamed_.end() ? column : at->second;
}

bool TableAlteration::is_added(std::string_view column) const {
  return std::ranges::any_of(changes_, [&](const Change& change) {
    return change.from.empty() && same_name(change.to.column.name, column);
  });
}

// Without those that get another place. One that is added is there only if the definition was read
// after the statement ran.
std::vector<ColumnDefinition> TableAlteration::columns_that_stay() const {
  std::vector<ColumnDefinition> out;
  for (const ColumnDefinition& column : before_.columns) {
    const auto name = name_after(column.name);
    if (!name || is_added(*name)) continue;
    const Change* const change = change_of(column.name);
    if (change != nullptr && (change->to.first || change->to.after)) continue;
    ColumnDefinition& to = out.emplace_back(change != nullptr ? change->to.column : column);
    to.name = *name;
    if (change != nullptr) complete(to, before_.charset);
  }
  return out;
}

void TableAlteration::place(std::vector<ColumnDefinition>& columns,
                            const DeclaredColumn& column) const {
  auto at = columns.end();
  if (column.first) at = columns.begin();
  if (column.after)
    if (const auto before = find_column(columns, *column.after); before != columns.end())
      at = before + 1;
  complete(*columns.insert(at, column.column), before_.charset);
}

std::vector<std::string> TableAlteration::key_after() const {
  std::vector<std::string> out;
  if (key_) {
    out = *key_;
  } else {
    for (const std::string& column : before_.key)
      if (auto name = name_after(column)) out.push_back(std::move(*name));
  }
  for (const Change& change : changes_)
    if (change.to.primary) out = {change.to.column.name};
  return out;
}

TableDefinition TableAlteration::finish() && {
  TableDefinition out;
  out.charset = before_.charset;
  out.columns = columns_that_stay();
  for (const Change& change : changes_)
    if (change.from.empty() || change.to.first || change.to.after) place(out.columns, change.to);
  mysql::set_key(out, key_after());
  return out;
}

}  // namespace pelton::mysql
