// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/ddl.h"

#include "connectors/mysql/ddl_column.h"
#include "connectors/mysql/sql_cursor.h"

#include <algorithm>

namespace pelton::mysql {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Names of columns are the same in any case of letters.
bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

auto find_column(TableDefinition& table, std::string_view name) {
  return std::ranges::find_if(
      table.columns, [&](const ColumnDefinition& column) { return same_name(column.name, name); });
}

// "DEFAULT CHARACTER SET = x", "COLLATE x" among a table's options; false: something else.
bool read_charset(SqlCursor& sql, std::string& charset) {
  sql.take("default");
  const bool set =
      sql.take({"character", "set"}) || sql.take({"char", "set"}) || sql.take("charset");
  if (!set && !sql.take("collate")) return false;
  sql.take_sign('=');
  const SqlToken* const name = sql.next();
  if (name == nullptr) return true;
  const std::string& text = name->lower.empty() ? name->text : name->lower;
  if (set)
    charset = text;
  else if (const std::string of = charset_of_collation(text); !of.empty())
    charset = of;
  return true;
}

std::vector<std::string> names_in_parentheses(SqlCursor& sql) {
  std::vector<std::string> out;
  if (!sql.take_sign('(')) return out;
  while (!sql.done() && !sql.take_sign(')')) {
    if (const auto name = sql.take_name()) out.push_back(*name);
    sql.skip_item();  // a prefix's length, an order
    sql.take_sign(',');
  }
  return out;
}

// A part of a table that is no column; takes it.
bool read_index(SqlCursor& sql, TableDefinition& table) {
  SqlCursor at = sql;
  if (at.take("constraint") && !at.is("primary") && !at.is("unique") && !at.is("foreign") &&
      !at.is("check"))
    at.take_name();
  if (at.take({"primary", "key"})) {
    while (!at.done() && !at.is_sign('(')) at.skip();  // its name, its kind
    table.key = names_in_parentheses(at);
  } else if (!at.take_any({"unique", "index", "key", "fulltext", "spatial", "foreign", "check",
                           "period", "vector"})) {
    return false;
  }
  at.skip_item();
  sql = at;
  return true;
}

void place(TableDefinition& table, const DeclaredColumn& declared) {
  auto at = table.columns.end();
  if (declared.first) at = table.columns.begin();
  if (declared.after)
    if (const auto before = find_column(table, *declared.after); before != table.columns.end())
      at = before + 1;
  table.columns.insert(at, declared.column);
  if (declared.primary) table.key = {declared.column.name};
}

// One statement. What it cannot follow leaves the table in doubt.
class Statements {
 public:
  Statements(const DdlFollower& follower, const DdlFollower::Setup& setup, Catalog& catalog,
             const Statement& statement, Schema& schema)
      : follower_(follower),
        setup_(setup),
        catalog_(catalog),
        schema_(schema),
        database_(statement.database),
        sql_(tokens_of(statement.text, statement.sql_mode)) {}

  Result<StatementEffect> run() {
    StatementEffect effect;
    if (sql_.take("create"))
      create();
    else if (sql_.take("alter"))
      alter();
    else if (sql_.take("drop"))
      drop();
    else if (sql_.take("rename"))
      rename();
    else if (sql_.take("truncate"))
      truncate(effect);
    else if (sql_.take_any({"insert", "update", "delete", "replace", "load", "call"}))
      effect.changes_rows = names_a_wanted_table();
    if (failure_) return std::unexpected(std::move(*failure_));
    return effect;
  }

 private:
  std::optional<TableName> take_table() {
    auto first = sql_.take_name();
    if (!first) return std::nullopt;
    TableName name{database_, std::move(*first)};
    if (sql_.take_sign('.')) {
      auto second = sql_.take_name();
      if (!second) return std::nullopt;
      name = {std::move(name.table), std::move(*second)};
    }
    if (setup_.lower_names) {
      std::ranges::transform(name.database, name.database.begin(), lower);
      std::ranges::transform(name.table, name.table.begin(), lower);
    }
    return name;
  }

  const std::string& default_charset(const std::string& database) {
    if (charset_) return *charset_;
    auto asked = catalog_.default_charset(database);
    if (!asked) failure_ = std::move(asked).error();
    return charset_.emplace(asked ? std::move(*asked) : "");
  }

  void create() {
    const bool replaces = sql_.take({"or", "replace"});
    if (!sql_.take("table")) return;  // a temporary one is seen by its session only
    const bool if_missing = sql_.take({"if", "not", "exists"});
    const auto name = take_table();
    if (!name || !follower_.wanted(*name)) return;
    if (if_missing && !replaces && schema_.find(*name) != nullptr) return;
    schema_.forget(*name);
    if (auto definition = created()) {
      if (definition->charset.empty()) definition->charset = default_charset(name->database);
      for (ColumnDefinition& column : definition->columns) complete(column, definition->charset);
      schema_.put(*name, std::move(*definition));
    }
  }

  std::optional<TableDefinition> created() {
    if (sql_.take("like") || !sql_.take_sign('(') || sql_.is("like")) return std::nullopt;
    TableDefinition out;
    while (!sql_.done() && !sql_.take_sign(')')) {
      if (!read_index(sql_, out) && !add_column(out)) return std::nullopt;
      sql_.take_sign(',');
    }
    while (!sql_.done()) {
      // Its columns come behind those.
      if (sql_.is("select") || sql_.is_sign('(')) return std::nullopt;
      if (sql_.take({"with", "system", "versioning"})) return std::nullopt;
      if (sql_.is("partition")) break;
      if (!read_charset(sql_, out.charset)) sql_.skip();
    }
    return out;
  }

  bool add_column(TableDefinition& table) {
    auto name = sql_.take_name();
    if (!name) return false;
    auto declared = declared_column(std::move(*name), sql_, setup_.json_is_text);
    if (!declared) return false;
    if (!table.charset.empty()) complete(declared->column, table.charset);
    // Of a definition that was read after the statement ran, it is there.
    if (const auto there = find_column(table, declared->column.name); there != table.columns.end())
      table.columns.erase(there);
    place(table, *declared);
    return true;
  }

  void alter() {
    sql_.take("online");
    sql_.take("ignore");
    if (!sql_.take("table")) return;
    sql_.take({"if", "exists"});
    auto name = take_table();
    if (!name) return;
    if (sql_.take("wait"))
      sql_.skip();
    else
      sql_.take("nowait");
    const TableDefinition* const found = schema_.find(*name);
    std::optional<TableDefinition> table;
    if (found != nullptr) table = *found;
    std::optional<TableName> renamed;
    bool good = true;
    while (good && !sql_.done()) {
      good = alter_part(table, renamed);
      sql_.skip_item();
      if (!sql_.take_sign(',') && !sql_.done()) break;
    }
    schema_.forget(*name);
    const TableName& now = renamed ? *renamed : *name;
    if (table && good && follower_.wanted(now)) schema_.put(now, std::move(*table));
    if (renamed && !table) schema_.forget(*renamed);
  }

  // False: the table is in doubt from here on.
  bool alter_part(std::optional<TableDefinition>& table, std::optional<TableName>& renamed) {
    if (sql_.take("rename")) return rename_part(table, renamed);
    // Of a table that is not known only its new name matters.
    if (!table) return true;
    if (sql_.take("add")) return add_part(*table);
    if (sql_.take("drop")) return drop_part(*table);
    if (sql_.take("modify")) return change_part(*table, false);
    if (sql_.take("change")) return change_part(*table, true);
    if (sql_.take({"convert", "to"})) return convert_part(*table);
    read_charset(sql_, table->charset);
    return true;
  }

  bool rename_part(std::optional<TableDefinition>& table, std::optional<TableName>& renamed) {
    if (sql_.take_any({"index", "key"})) return true;
    if (sql_.take("column")) {
      if (!table) return true;
      sql_.take({"if", "exists"});
      const auto from = sql_.take_name();
      if (!from || !sql_.take("to")) return false;
      auto to = sql_.take_name();
      return to && rename_column(*table, *from, *to);
    }
    if (!sql_.take_any({"to", "as"})) sql_.take_sign('=');
    renamed = take_table();
    return renamed.has_value();
  }

  static bool rename_column(TableDefinition& table, const std::string& from,
                            const std::string& to) {
    const auto column = find_column(table, from);
    if (column == table.columns.end()) return find_column(table, to) != table.columns.end();
    for (std::string& key : table.key)
      if (same_name(key, from)) key = to;
    column->name = to;
    return true;
  }

  bool add_part(TableDefinition& table) {
    if (sql_.is("system") || sql_.is("partition")) return !sql_.is("system");
    if (read_index(sql_, table)) return true;
    sql_.take("column");
    sql_.take({"if", "not", "exists"});
    if (!sql_.take_sign('(')) return add_column(table);
    while (!sql_.done() && !sql_.take_sign(')')) {
      if (!read_index(sql_, table) && !add_column(table)) return false;
      sql_.take_sign(',');
    }
    return true;
  }

  bool drop_part(TableDefinition& table) {
    if (sql_.is("system")) return false;
    if (sql_.take({"primary", "key"})) {
      table.key.clear();
      return true;
    }
    if (sql_.take_any({"index", "key", "foreign", "constraint", "check", "partition", "period"}))
      return true;
    sql_.take("column");
    sql_.take({"if", "exists"});
    const auto name = sql_.take_name();
    if (!name) return false;
    if (const auto column = find_column(table, *name); column != table.columns.end())
      table.columns.erase(column);
    std::erase_if(table.key, [&](const std::string& key) { return same_name(key, *name); });
    return true;
  }

  // MODIFY and CHANGE: the place stays, unless it is named.
  bool change_part(TableDefinition& table, bool with_name) {
    sql_.take("column");
    sql_.take({"if", "exists"});
    const auto from = sql_.take_name();
    auto to = with_name ? sql_.take_name() : from;
    if (!from || !to) return false;
    auto declared = declared_column(*to, sql_, setup_.json_is_text);
    auto there = find_column(table, *from);
    if (there == table.columns.end()) there = find_column(table, *to);
    if (!declared || there == table.columns.end()) return false;
    complete(declared->column, table.charset);
    for (std::string& key : table.key)
      if (same_name(key, *from)) key = *to;
    if (!declared->first && !declared->after) {
      *there = declared->column;
      if (declared->primary) table.key = {declared->column.name};
    } else {
      table.columns.erase(there);
      place(table, *declared);
    }
    return true;
  }

  bool convert_part(TableDefinition& table) {
    std::string charset;
    if (!read_charset(sql_, charset) || charset.empty() || charset == "default") return false;
    table.charset = charset;
    for (ColumnDefinition& column : table.columns) {
      if (is_text(column)) column.charset.clear();
      complete(column, charset);
    }
    return true;
  }

  void drop() {
    if (sql_.take_any({"database", "schema"})) {
      sql_.take({"if", "exists"});
      const auto name = sql_.take_name();
      const Schema before = schema_;
      for (const auto& [table, definition] : before.tables())
        if (name && table.database == *name) schema_.forget(table);
      return;
    }
    if (!sql_.take_any({"table", "tables"})) return;
    sql_.take({"if", "exists"});
    do {
      if (const auto name = take_table()) schema_.forget(*name);
    } while (sql_.take_sign(','));
  }

  void rename() {
    if (!sql_.take_any({"table", "tables"})) return;
    sql_.take({"if", "exists"});
    do {
      const auto from = take_table();
      if (sql_.take("wait"))
        sql_.skip();
      else
        sql_.take("nowait");
      if (!from || !sql_.take("to")) return;
      const auto to = take_table();
      if (!to) return;
      std::optional<TableDefinition> moved;
      if (const TableDefinition* const found = schema_.find(*from)) moved = *found;
      schema_.forget(*from);
      schema_.forget(*to);
      if (moved && follower_.wanted(*to)) schema_.put(*to, std::move(*moved));
    } while (sql_.take_sign(','));
  }

  void truncate(StatementEffect& effect) {
    sql_.take("table");
    if (auto name = take_table(); name && follower_.wanted(*name))
      effect.truncated.push_back(std::move(*name));
  }

  bool names_a_wanted_table() {
    for (const SqlToken* token = sql_.next(); token != nullptr; token = sql_.next())
      for (const auto& [name, definition] : schema_.tables())
        if (token->kind != SqlToken::Kind::text && same_name(name.table, token->text)) return true;
    return false;
  }

  const DdlFollower& follower_;
  const DdlFollower::Setup& setup_;
  Catalog& catalog_;
  Schema& schema_;
  const std::string& database_;
  SqlCursor sql_;
  std::optional<std::string> charset_;
  std::optional<Error> failure_;
};

}  // namespace

bool DdlFollower::wanted(const TableName& name) const {
  return database::wanted(setup_.tables, name.database, name.table);
}

Result<StatementEffect> DdlFollower::follow(const Statement& statement, Schema& schema) {
  return Statements(*this, setup_, catalog_, statement, schema).run();
}

}  // namespace pelton::mysql
