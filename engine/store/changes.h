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
    enum class Kind { put, remove, remove_range } kind = Kind::put;
    Family family = Family::meta;
    std::string key;    // of a range: its first
    std::string value;  // of a range: the key behind its last
  };

  void put(Family family, std::string key, std::string value) {
    all_.push_back({Change::Kind::put, family, std::move(key), std::move(value)});
  }
  void remove(Family family, std::string key) {
    all_.push_back({Change::Kind::remove, family, std::move(key), {}});
  }
  void remove_range(Family family, std::string from, std::string to) {
    all_.push_back({Change::Kind::remove_range, family, std::move(from), std::move(to)});
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
