// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/filter_rule.h"
#include "engine/dispatch/expression.h"

#include <vector>

namespace pelton::dispatch {

// A binding's filter: an event passes when every rule holds, a rule when any of its matchers does.
// One thread.
class Filter {
 public:
  explicit Filter(std::vector<config::FilterRule> rules) : rules_(std::move(rules)) {}

  bool empty() const { return rules_.empty(); }
  bool passes(const model::Batch& batch, std::size_t i);

 private:
  std::vector<config::FilterRule> rules_;
  FieldReader reader_;
};

// Whether one matcher holds of a value. Ranges read numbers out of text as well ("42").
bool matches(const config::Matcher& matcher, const FieldValue& value);

}  // namespace pelton::dispatch
