// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace pelton::bench {

// Prints one figure as the JSON line that tools/bench promises: the median of the runs, with
// minimum and maximum.
inline void report(const std::string& bench, const std::string& name, const std::string& metric,
                   std::vector<double> runs, const std::string& unit) {
  if (runs.empty()) return;
  std::ranges::sort(runs);
  fmt::print(
      R"({{"bench": "{}", "case": "{}", "metric": "{}", "value": {:.4g}, "unit": "{}", "runs": {}, )"
      R"("min": {:.4g}, "max": {:.4g}}})"
      "\n",
      bench, name, metric, runs[runs.size() / 2], unit, runs.size(), runs.front(), runs.back());
  std::fflush(stdout);
}

// The p-th percentile (0..1) of the values, which are sorted in place.
inline double percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto index = static_cast<std::size_t>(p * static_cast<double>(values.size() - 1));
  return values[index];
}

}  // namespace pelton::bench
