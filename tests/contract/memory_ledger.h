// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/ledger.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace pelton::test {

// A ledger that survives its connector but not the test. `fail_puts` makes writes fail while above
// 0.
class MemoryLedger final : public connector::Ledger {
 public:
  Result<std::optional<std::string>> get(std::string_view key) override {
    const auto at = entries.find(std::string(key));
    if (at == entries.end()) return std::nullopt;
    return at->second;
  }

  Status put(std::span<const connector::LedgerEntry> changes) override {
    if (fail_puts > 0) {
      --fail_puts;
      return fail(ErrorKind::unavailable, "", "the ledger is away");
    }
    ++puts;
    for (const connector::LedgerEntry& change : changes) {
      if (change.value)
        entries[change.key] = *change.value;
      else
        entries.erase(change.key);
    }
    return {};
  }

  Status scan(std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view, std::string_view)>& visit) override {
    for (auto at = entries.lower_bound(std::string(std::max(prefix, from)));
         at != entries.end() && at->first.starts_with(prefix); ++at) {
      ++visits;
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

  std::map<std::string, std::string> entries;
  int puts = 0;
  int visits = 0;  // entries that scans have come by
  int fail_puts = 0;
};

}  // namespace pelton::test
