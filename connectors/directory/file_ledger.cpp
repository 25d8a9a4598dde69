// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/file_ledger.h"

#include <fmt/format.h>

#include <cerrno>

namespace pelton::directory {

using connector::LedgerEntry;

namespace {

// A value of the ledger: "<version without ctime> <ctime> <content>".
std::string value_of(const Taken& taken) {
  return fmt::format("{} {} {}", taken.version.id(taken.name), taken.version.ctime_ns,
                     taken.content);
}

FileLedger::Known compare(const std::string& value, const std::string& name,
                          const FileVersion& version, FileLedger::Known same) {
  const std::string id = version.id(name);
  if (value.starts_with(fmt::format("{} {} ", id, version.ctime_ns))) return same;
  return value.starts_with(id) ? FileLedger::Known::touched : FileLedger::Known::older;
}

}  // namespace

Result<FileLedger::Known> FileLedger::look_up(const std::string& name, const FileVersion& version) {
  const auto flying = in_flight_.find(name);
  if (flying != in_flight_.end()) return compare(flying->second, name, version, Known::in_flight);
  const auto marked = ledger_.get(name);
  if (!marked) return std::unexpected(marked.error());
  if (!*marked) return Known::no;
  return compare(**marked, name, version, Known::marked);
}

Result<bool> FileLedger::has_content(const std::string& name, const std::string& content) {
  if (content == kNotInline) return false;
  const auto flying = in_flight_.find(name);
  if (flying != in_flight_.end()) return flying->second.ends_with(content);
  const auto marked = ledger_.get(name);
  if (!marked) return std::unexpected(marked.error());
  return *marked && (*marked)->ends_with(content);
}

void FileLedger::take(connector::AckToken token, Taken taken) {
  in_flight_[taken.name] = value_of(taken);
  taken_[token].push_back(std::move(taken));
}

std::vector<Taken> FileLedger::release(connector::AckToken token) {
  auto node = taken_.extract(token);
  return node ? std::move(node.mapped()) : std::vector<Taken>{};
}

Status FileLedger::mark(const std::vector<Taken>& done) {
  to_mark_.insert(to_mark_.end(), done.begin(), done.end());
  if (to_mark_.empty()) return {};
  std::vector<LedgerEntry> entries;
  entries.reserve(to_mark_.size());
  for (const Taken& taken : to_mark_) entries.push_back({taken.name, value_of(taken)});
  if (auto written = ledger_.put(entries); !written) return written;
  for (const Taken& taken : to_mark_) end_flight(taken);
  to_mark_.clear();
  return {};
}

void FileLedger::unmark(const std::vector<Taken>& failed) {
  for (const Taken& taken : failed) end_flight(taken);
}

// A newer version may have been read meanwhile: it stays in flight.
void FileLedger::end_flight(const Taken& taken) {
  const auto at = in_flight_.find(taken.name);
  if (at != in_flight_.end() && at->second == value_of(taken)) in_flight_.erase(at);
}

Status FileLedger::forget(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::vector<LedgerEntry> entries;
  entries.reserve(names.size());
  for (const std::string& name : names) entries.push_back({name, std::nullopt});
  return ledger_.put(entries);
}

Result<bool> FileLedger::forget_missing(const Folder& root, std::chrono::milliseconds budget) {
  const auto until = std::chrono::steady_clock::now() + budget;
  std::vector<std::string> missing;
  bool whole = true;
  const Status visited = ledger_.scan("", looked_at_, [&](std::string_view key, std::string_view) {
    if (!looked_at_.empty() && key == looked_at_) return true;
    looked_at_ = key;
    struct stat stat {};
    if (!root.stat(looked_at_, stat) && (errno == ENOENT || errno == ENOTDIR) &&
        !in_flight_.contains(looked_at_))
      missing.push_back(looked_at_);
    whole = std::chrono::steady_clock::now() < until;
    return whole;
  });
  if (whole || !visited) looked_at_.clear();
  if (!visited) return std::unexpected(visited.error());
  if (auto forgotten = forget(missing); !forgotten) return std::unexpected(forgotten.error());
  return whole;
}

void FileLedger::clear() {
  in_flight_.clear();
  taken_.clear();
  to_mark_.clear();
  looked_at_.clear();
}

}  // namespace pelton::directory
