// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/marks.h"

#include <cerrno>

namespace pelton::directory {

using connector::LedgerEntry;

Result<Marks::Known> Marks::look_up(const std::string& name, const std::string& id) {
  const auto flying = in_flight_.find(name);
  if (flying != in_flight_.end()) return flying->second == id ? Known::in_flight : Known::older;
  const auto marked = ledger_.get(name);
  if (!marked) return std::unexpected(marked.error());
  if (!*marked) return Known::no;
  return **marked == id ? Known::marked : Known::older;
}

void Marks::take(connector::AckToken token, Taken taken) {
  in_flight_[taken.name] = taken.id;
  taken_[token].push_back(std::move(taken));
}

std::vector<Taken> Marks::release(connector::AckToken token) {
  auto node = taken_.extract(token);
  return node ? std::move(node.mapped()) : std::vector<Taken>{};
}

Status Marks::mark(const std::vector<Taken>& done) {
  to_mark_.insert(to_mark_.end(), done.begin(), done.end());
  if (to_mark_.empty()) return {};
  std::vector<LedgerEntry> entries;
  entries.reserve(to_mark_.size());
  for (const Taken& taken : to_mark_) entries.push_back({taken.name, taken.id});
  if (auto written = ledger_.put(entries); !written) return written;
  for (const Taken& taken : to_mark_) land(taken);
  to_mark_.clear();
  return {};
}

void Marks::unmark(const std::vector<Taken>& failed) {
  for (const Taken& taken : failed) land(taken);
}

// A newer version may have been read meanwhile: it stays in flight.
void Marks::land(const Taken& taken) {
  const auto at = in_flight_.find(taken.name);
  if (at != in_flight_.end() && at->second == taken.id) in_flight_.erase(at);
}

Status Marks::forget(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  std::vector<LedgerEntry> entries;
  entries.reserve(names.size());
  for (const std::string& name : names) entries.push_back({name, std::nullopt});
  return ledger_.put(entries);
}

Result<bool> Marks::forget_missing(const Folder& root, std::chrono::milliseconds budget) {
  const auto until = std::chrono::steady_clock::now() + budget;
  std::vector<std::string> missing;
  bool whole = true;
  const Status visited = ledger_.scan("", [&](std::string_view key, std::string_view) {
    if (!looked_at_.empty() && key <= looked_at_) return true;
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

void Marks::clear() {
  in_flight_.clear();
  taken_.clear();
  to_mark_.clear();
  looked_at_.clear();
}

}  // namespace pelton::directory
