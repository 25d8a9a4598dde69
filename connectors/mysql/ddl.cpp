// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/ddl.h"

#include "connectors/mysql/ddl_alteration.h"
#include "connectors/mysql/ddl_column.h"
#include "connectors/mysql/sql_cursor.h"

#include <algorithm>

namespace pelton::mysql {
namespace {

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

// Behind these two words comes an index; each of them can be a column's name as well.
bool takes_optional_index(SqlCursor& sql) {
  if (sql.take({"period", "for"})) return true;
  SqlCursor at = sql;
  const bool index = at.take("vector") && (at.is("index") || at.is("key") || at.is_sign('('));
  if (index) sql = at;
  return index;
}

// A part of a table that is no column; takes it. `key`: the columns of a primary key.
bool read_index(SqlCursor& sql, std::optional<std::vector<std::string>>& key) {
  SqlCursor at = sql;
  if (at.take("constraint") && !at.is("primary") && !at.is("unique") && !at.is("foreign") &&
      !at.is("check"))
    at.take_name();
  if (at.take({"primary", "key"})) {
    while (!at.done() && !at.is_sign('(')) at.skip();  // its name, its kind
    key = names_in_parentheses(at);
  } else if (!at.take_any({"unique", "index", "key", "fulltext", "spatial", "foreign", "check"}) &&
             !takes_optional_index(at)) {
    return false;
  }
  at.skip_item();
  sql = at;
  return true;
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
      lower_case(name.database);
      lower_case(name.table);
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
    if (sql_.is("like")) return copied();
    if (!sql_.take_sign('(')) return std::nullopt;
    if (sql_.is("like")) return copied();
    TableDefinition out;
    std::optional<std::vector<std::string>> key;
    while (!sql_.done() && !sql_.take_sign(')')) {
      if (!read_index(sql_, key)) {
        auto declared = take_column();
        if (!declared) return std::nullopt;
        if (declared->primary) key = {declared->column.name};
        out.columns.push_back(std::move(declared->column));
      }
      sql_.take_sign(',');
    }
    while (!sql_.done()) {
      // Its columns come behind those.
      if (sql_.is("select") || sql_.is_sign('(')) return std::nullopt;
      if (sql_.take({"with", "system", "versioning"})) return std::nullopt;
      if (sql_.is("partition")) break;
      if (!read_charset(sql_, out.charset)) sql_.skip();
    }
    if (key) set_key(out, *key);
    return out;
  }

  // LIKE another table.
  std::optional<TableDefinition> copied() {
    sql_.take("like");
    const auto from = take_table();
    const TableDefinition* const found = from ? schema_.find(*from) : nullptr;
    return found == nullptr ? std::nullopt : std::optional(*found);
  }

  std::optional<DeclaredColumn> take_column() {
    auto name = sql_.take_name();
    if (!name) return std::nullopt;
    return declared_column(std::move(*name), sql_, setup_.json_is_text);
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
    std::optional<TableAlteration> table;
    if (found != nullptr) table.emplace(*found);
    std::optional<TableName> renamed;
    bool good = true;
    while (good && !sql_.done()) {
      good = alter_part(table, renamed);
      sql_.skip_item();
      if (!sql_.take_sign(',') && !sql_.done()) break;
    }
    schema_.forget(*name);
    const TableName& now = renamed ? *renamed : *name;
    if (table && good && follower_.wanted(now)) schema_.put(now, std::move(*table).finish());
    if (renamed && !table) schema_.forget(*renamed);
  }

  // False: the table is in doubt from here on.
  bool alter_part(std::optional<TableAlteration>& table, std::optional<TableName>& renamed) {
    if (sql_.take("rename")) return rename_part(table, renamed);
    // Of a table that is not known only its new name matters.
    if (!table) return true;
    if (sql_.take("add")) return add_part(*table);
    if (sql_.take("drop")) return drop_part(*table);
    if (sql_.take("modify")) return change_part(*table, false);
    if (sql_.take("change")) return change_part(*table, true);
    if (sql_.take({"convert", "to"})) return convert_part(*table);
    if (!sql_.is("alter")) options_part(*table);
    return true;
  }

  // Options of the table need no commas between them.
  void options_part(TableAlteration& table) {
    std::string charset;
    while (!sql_.done() && !sql_.is_sign(',') && !sql_.is("partition"))
      if (!read_charset(sql_, charset)) sql_.skip();
    if (!charset.empty()) table.set_charset(std::move(charset));
  }

  bool rename_part(std::optional<TableAlteration>& table, std::optional<TableName>& renamed) {
    if (sql_.take_any({"index", "key"})) return true;
    if (sql_.take("column")) {
      if (!table) return true;
      const bool if_there = sql_.take({"if", "exists"});
      auto from = sql_.take_name();
      if (!from || !sql_.take("to")) return false;
      auto to = sql_.take_name();
      return to && (table->rename(std::move(*from), std::move(*to)) || if_there);
    }
    if (!sql_.take_any({"to", "as"})) sql_.take_sign('=');
    renamed = take_table();
    return renamed.has_value();
  }

  bool add_part(TableAlteration& table) {
    if (sql_.take({"system", "versioning"})) return false;
    if (sql_.is("partition") || read_key(table)) return true;
    sql_.take("column");
    const bool if_missing = sql_.take({"if", "not", "exists"});
    if (!sql_.take_sign('(')) return add_column(table, if_missing);
    while (!sql_.done() && !sql_.take_sign(')')) {
      if (!read_key(table) && !add_column(table, if_missing)) return false;
      sql_.take_sign(',');
    }
    return true;
  }

  bool read_key(TableAlteration& table) {
    std::optional<std::vector<std::string>> key;
    if (!read_index(sql_, key)) return false;
    if (key) table.set_key(std::move(*key));
    return true;
  }

  bool add_column(TableAlteration& table, bool if_missing) {
    auto declared = take_column();
    if (declared) table.add(std::move(*declared), if_missing);
    return declared.has_value();
  }

  bool drop_part(TableAlteration& table) {
    if (sql_.take({"system", "versioning"})) return false;
    if (sql_.take({"primary", "key"})) {
      table.set_key({});
      return true;
    }
    if (sql_.take({"period", "for"}) ||
        sql_.take_any({"index", "key", "foreign", "constraint", "check", "partition"}))
      return true;
    sql_.take("column");
    sql_.take({"if", "exists"});
    auto name = sql_.take_name();
    if (name) table.drop(std::move(*name));
    return name.has_value();
  }

  bool change_part(TableAlteration& table, bool with_name) {
    sql_.take("column");
    const bool if_there = sql_.take({"if", "exists"});
    auto from = sql_.take_name();
    auto to = with_name ? sql_.take_name() : from;
    if (!from || !to) return false;
    auto declared = declared_column(std::move(*to), sql_, setup_.json_is_text);
    if (if_there && !table.was_there(*from)) return true;
    return declared && table.change(std::move(*from), std::move(*declared));
  }

  bool convert_part(TableAlteration& table) {
    std::string charset;
    if (!read_charset(sql_, charset) || charset.empty() || charset == "default") return false;
    table.convert(std::move(charset));
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
