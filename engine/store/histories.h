// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/store/database.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace pelton::store {

// The attempts of events as RocksDB will have them once every group that was built is applied: what
// a dead letter's history is taken from. The building thread's.
class Histories {
 public:
  explicit Histories(Database& database) : database_(database) {}

  // The group that is being built writes an encoded RetryState under this key of the family
  // retries: in addition to what is stored there, or in its place.
  void add(const std::string& key, std::string state, bool appends);
  // That group is built. The one before it is applied by now.
  void end_group();
  // Everything that is known under the key; empty when it cannot be read.
  model::RetryState find(const std::string& key) const;

 private:
  // What one group writes under a key.
  struct Written {
    bool appends = false;
    std::vector<std::string> states;
  };
  using Group = std::unordered_map<std::string, Written>;

  static void join(const Group& group, const std::string& key, model::RetryState& all);

  Database& database_;
  Group building_;
  Group built_;  // may not be applied yet
};

}  // namespace pelton::store
