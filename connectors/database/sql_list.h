// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pelton::database {

// What `make` makes of each one of the range, separated by commas.
template <typename Range, typename Make>
std::string list(const Range& range, const Make& make) {
  std::string out;
  for (const auto& one : range) {
    if (!out.empty()) out += ", ";
    out += make(one);
  }
  return out;
}

}  // namespace pelton::database
