// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

// Value. An option that two configs give different values. The texts are as one would write them;
// absent: not set.
struct OptionChange {
  std::string option;  // its dotted path: "retry.backoff.max"
  std::optional<std::string> before;
  std::optional<std::string> after;
  bool secret = false;  // the texts are never shown

  bool operator==(const OptionChange&) const = default;
};

using OptionChanges = std::vector<OptionChange>;

}  // namespace pelton::config
