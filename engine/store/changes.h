// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"

#include <string>
#include <vector>

namespace pelton::store {

// Value. Changes of metadata that become part of a group: names, ledgers, retention.
class Changes {
 public:
  struct Change {
    enum class Kind { put, remove } kind = Kind::put;
    Family family = Family::meta;
    std::string key;
    std::string value;
  };

  void put(Family family, std::string key, std::string value) {
    all_.push_back({Change::Kind::put, family, std::move(key), std::move(value)});
  }
  void remove(Family family, std::string key) {
    all_.push_back({Change::Kind::remove, family, std::move(key), {}});
  }
  bool empty() const { return all_.empty(); }
  const std::vector<Change>& all() const { return all_; }

 private:
  std::vector<Change> all_;
};

// Makes changes durable: a group of the log. Returns once they are. Any thread but the committing
// one.
using WriteChanges = std::function<Status(Changes&&)>;

}  // namespace pelton::store
