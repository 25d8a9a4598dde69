// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/operator_pause.h"

#include "engine/store/ledger.h"

#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace pelton::runtime {
namespace {

// In the ledgers of the store: binding -> "1". No connector has such a name.
constexpr std::string_view kPauses = "/paused";

}  // namespace

Result<bool> is_paused(store::Store& store, const std::string& binding) {
  const auto entry = store.ledger().get(kPauses, binding);
  if (!entry) return std::unexpected(entry.error());
  return entry->has_value();
}

Status remember_pause(store::Store& store, const std::string& binding, bool paused) {
  const auto value = paused ? std::optional<std::string>(std::in_place, 1, '1') : std::nullopt;
  const store::Ledger::KeyValue entry{binding, value};
  return store.ledger().put(kPauses, std::span(&entry, 1));
}

}  // namespace pelton::runtime
