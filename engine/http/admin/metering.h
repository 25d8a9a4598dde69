// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/model/usage.h"

#include <string>
#include <vector>

namespace pelton::http {

// Value. What a function used on one day (UTC) for one binding; for no binding: calls by
// routes, and the start of its workers.
struct UsageRow {
  std::string day;  // "2026-11-28"
  std::string function;
  std::string binding;
  model::Usage usage;
};

// Interface. What functions used. Called on the thread that answers admin requests.
class Metering {
 public:
  virtual ~Metering() = default;
  // In the order of days, functions and bindings; from that day on.
  virtual void usage(const std::string& since, Answer<std::vector<UsageRow>> answer) = 0;
};

}  // namespace pelton::http
