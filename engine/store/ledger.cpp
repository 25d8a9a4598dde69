// SPDX-License-Identifier: Apache-2.0
#include "engine/store/ledger.h"

#include "engine/store/changes.h"
#include "engine/store/database.h"
#include "engine/store/keys.h"

#include <algorithm>

namespace pelton::store {

std::string ledger_of(StreamId stream) {
  return fmt::format("/stream/{}", stream.value);
}

Status Ledger::put(std::string_view connector, std::span<const KeyValue> entries) {
  Changes changes;
  for (const KeyValue& entry : entries) {
    const std::string key = keys::ledger(connector, entry.key);
    if (entry.value)
      changes.put(Family::ledger, key, *entry.value);
    else
      changes.remove(Family::ledger, key);
  }
  return write_(std::move(changes));
}

Result<std::optional<std::string>> Ledger::get(std::string_view connector,
                                               std::string_view key) const {
  return database_.get(Family::ledger, keys::ledger(connector, key));
}

Status Ledger::scan(std::string_view connector, std::string_view prefix, std::string_view from,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::string within = keys::ledger(connector, prefix);
  const std::string begin = std::max(within, keys::ledger(connector, from));
  return database_.scan(Family::ledger, within, begin, [&](auto key, auto value) {
    key.remove_prefix(connector.size() + 1);
    return visit(key, value);
  });
}

}  // namespace pelton::store
