// SPDX-License-Identifier: Apache-2.0
#include "engine/import/known_keys.h"

#include <algorithm>

namespace pelton::importer {
namespace {

template <typename Each>
void each_word(std::string_view words, Each each) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (end > 0) each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

bool has(std::string_view words, std::string_view key) {
  bool found = false;
  each_word(words, [&](std::string_view word) { found |= word == key; });
  return found;
}

}  // namespace

KnownKeys::Meaning KnownKeys::meaning(std::string_view key) const {
  if (has(used, key)) return Meaning::used;
  if (has(ignored, key)) return Meaning::ignored;
  if (has(without_effect, key) || (patterns && key.starts_with("x-")))
    return Meaning::without_effect;
  return Meaning::unknown;
}

std::vector<std::string> KnownKeys::names() const {
  std::vector<std::string> all;
  for (const std::string_view words : {used, ignored, without_effect})
    each_word(words, [&](std::string_view word) { all.emplace_back(word); });
  return all;
}

}  // namespace pelton::importer
