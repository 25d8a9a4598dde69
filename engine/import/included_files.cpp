// SPDX-License-Identifier: Apache-2.0
// What ${file(path):key} refers to.
#include "engine/import/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace pelton::importer {
namespace {

std::string without_line_end(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

Variables::Found Variables::from_file(const std::string& path, const std::string& address,
                                      Place place) {
  auto known = files_.find(path);
  if (known == files_.end()) {
    Found problem;
    const Node* root = parsed(path, place, problem);
    if (root == nullptr) return problem;
    known = files_.emplace(path, root).first;
  }
  if (!address.empty()) return walk(*known->second, address, place, Form::text);
  const Node* whole = value(*known->second);
  return {whole, whole == nullptr};
}

// The root of a file that is not known yet.
const Node* Variables::parsed(const std::string& path, Place place, Found& problem) {
  const auto ends = [&](const char* ending) { return path.ends_with(ending); };
  if (std::ranges::any_of(std::array{".js", ".ts", ".cjs", ".mjs"}, ends)) {
    problem.why = fmt::format("{} is a program, which is not run; use YAML", path);
    return nullptr;
  }
  if (files_.size() >= kMaxFiles) {
    problem = fail_at(place, "E1041", fmt::format("more than {} files are included", kMaxFiles));
    return nullptr;
  }
  const auto text = sources_.read(path);
  if (!text) {
    problem.why = fmt::format("{}: {}", path, text.error().message);
    return nullptr;
  }
  const bool tree = std::ranges::any_of(std::array{".yml", ".yaml", ".json"}, ends);
  config::Diagnostics found;
  made_.push_back(tree ? config::parse_yaml(*text, found, config::Syntax::tagged)
                       : importer::written(without_line_end(*text), place));
  if (found.has_errors()) {
    const config::Diagnostic first = found.sorted().front();
    problem = fail_at(
        place, "E1040",
        fmt::format("{}:{}:{}: {}", path, first.place.line, first.place.column, first.message));
    return nullptr;
  }
  set_place(made_.back(), place);
  return &made_.back();
}

}  // namespace pelton::importer
