// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::connector {

struct LedgerEntry {
  std::string key;
  std::optional<std::string> value;  // absent: forget the key
};

// Interface. A connector's durable memory of what it has handed over (file versions, message ids),
// kept in the engine's store under the connector's name. Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  // Writes all entries at once; durable on return.
  virtual Status put(std::span<const LedgerEntry> entries) = 0;
  // Visits the entries whose keys begin with `prefix`, from the key `from` on (itself included), in
  // key order, until `visit` returns false. What lies before `from` costs nothing.
  virtual Status scan(
      std::string_view prefix, std::string_view from,
      const std::function<bool(std::string_view key, std::string_view value)>& visit) = 0;
};

}  // namespace pelton::connector
