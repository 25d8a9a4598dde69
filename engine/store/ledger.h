// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"
#include "engine/base/result.h"

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pelton::store {

class Changes;
class Database;

// The ledger of what is kept about a stream: it goes with the stream. No connector has such a name.
std::string ledger_of(StreamId stream);

// A small durable map per connector (file ledgers). Any thread; what is put is durable on return.
class Ledger {
 public:
  struct KeyValue {
    std::string key;
    std::optional<std::string> value;  // absent: remove
  };
  // `write` makes changes durable. Both outlive the ledger.
  Ledger(Database& database, std::function<Status(Changes&&)> write)
      : database_(database), write_(std::move(write)) {}

  Status put(std::string_view connector, std::span<const KeyValue> entries);
  Result<std::optional<std::string>> get(std::string_view connector, std::string_view key) const;
  // In key order, those with the prefix from the key `from` on.
  Status scan(std::string_view connector, std::string_view prefix, std::string_view from,
              const std::function<bool(std::string_view, std::string_view)>& visit) const;

 private:
  Database& database_;
  const std::function<Status(Changes&&)> write_;
};

}  // namespace pelton::store
