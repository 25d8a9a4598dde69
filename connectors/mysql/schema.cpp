// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/schema.h"

namespace pelton::mysql {
namespace {

// Key: "table/<database>\t<table>".
constexpr std::string_view kPrefix = "table/";
constexpr char kSeparator = '\t';

std::string key_of(const TableName& name) {
  return std::string(kPrefix) + name.database + kSeparator + name.table;
}

std::optional<TableName> name_in_key(std::string_view key) {
  key.remove_prefix(kPrefix.size());
  const std::size_t end = key.find(kSeparator);
  if (end == std::string_view::npos) return std::nullopt;
  return TableName{std::string(key.substr(0, end)), std::string(key.substr(end + 1))};
}

}  // namespace

const TableDefinition* Schema::find(const TableName& name) const {
  const auto at = tables_->find(name);
  return at == tables_->end() ? nullptr : at->second.get();
}

void Schema::put(const TableName& name, TableDefinition definition) {
  auto copy = std::make_shared<Tables>(*tables_);
  (*copy)[name] = std::make_shared<const TableDefinition>(std::move(definition));
  tables_ = std::move(copy);
}

void Schema::forget(const TableName& name) {
  if (!tables_->contains(name)) return;
  auto copy = std::make_shared<Tables>(*tables_);
  copy->erase(name);
  tables_ = std::move(copy);
}

std::vector<connector::LedgerEntry> Schema::changes(const Schema& from, const Schema& to) {
  std::vector<connector::LedgerEntry> out;
  if (from.tables_ == to.tables_) return out;
  for (const auto& [name, definition] : *to.tables_) {
    const auto before = from.tables_->find(name);
    if (before == from.tables_->end() || before->second != definition)
      out.push_back({key_of(name), encode(*definition)});
  }
  for (const auto& [name, definition] : *from.tables_)
    if (!to.tables_->contains(name)) out.push_back({key_of(name), std::nullopt});
  return out;
}

Result<std::optional<Schema>> Schema::stored(connector::Ledger& ledger) {
  auto tables = std::make_shared<Tables>();
  bool good = true;
  const Status scanned =
      ledger.scan(kPrefix, "", [&](std::string_view key, std::string_view value) {
        auto name = name_in_key(key);
        auto definition = decode_definition(value);
        good = good && name && definition;
        if (good)
          (*tables)[*name] = std::make_shared<const TableDefinition>(std::move(*definition));
        return good;
      });
  if (!scanned) return std::unexpected(scanned.error());
  if (!good) return std::nullopt;
  Schema out;
  out.tables_ = std::move(tables);
  return out;
}

}  // namespace pelton::mysql
