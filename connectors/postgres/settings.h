// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace pelton::postgres {

// Of a connection, by libpq's names.
using Settings = std::map<std::string, std::string>;

// Of a URL or a "key=value" list. E7080 invalid: it is neither.
Result<Settings> settings_of(const std::string& url);

// Where they lead, without a password: "db.example:5432/shop".
std::string place_of(const Settings& settings);

// Settings with several hosts as such with one each. Lists that do not fit together are left to
// libpq, which says so.
std::vector<Settings> hosts_of(const Settings& settings);

// How long one host may take to let us in; as libpq does, 0 waits for ever, and 2 seconds are the
// least. E7080 invalid: it is not a number.
Result<std::chrono::milliseconds> connect_timeout(const Settings& settings);

// As libpq takes them. The settings outlive it.
class Parameters {
 public:
  explicit Parameters(const Settings& settings);

  const char* const* names() const { return names_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  std::vector<const char*> names_, values_;
};

// What libpq says, in one line.
std::string sentence(const char* message);

}  // namespace pelton::postgres
