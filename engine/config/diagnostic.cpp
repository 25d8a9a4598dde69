// SPDX-License-Identifier: Apache-2.0
#include "engine/config/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pelton::config {
namespace {

// Levenshtein's distance. Own code: ten lines, and no Debian library has it.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string Diagnostic::text(const std::string& file) const {
  return fmt::format("{}:{}:{}: {}{} {}", file, place.line, place.column,
                     severity == Severity::warning ? "warning " : "", code, message);
}

bool Diagnostics::has_errors() const {
  return std::ranges::any_of(all_,
                             [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> sorted = all_;
  std::ranges::stable_sort(
      sorted, {}, [](const Diagnostic& d) { return std::pair(d.place.line, d.place.column); });
  return sorted;
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(name.size() / 2, 3)) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(name, candidate);
    if (d >= least) continue;
    least = d;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string best = nearest(name, candidates);
  return best.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", best);
}

}  // namespace pelton::config
