// SPDX-License-Identifier: Apache-2.0
#include "engine/config/included.h"

namespace pelton::config {

std::vector<std::filesystem::path> included_files(std::string_view text,
                                                  const std::filesystem::path& folder) {
  constexpr std::string_view kBegin = "${file:";
  std::vector<std::filesystem::path> files;
  for (std::size_t at = 0; (at = text.find(kBegin, at)) != std::string_view::npos;) {
    const bool literal = at > 0 && text[at - 1] == '$';
    at += kBegin.size();
    const auto end = text.find_first_of("}\n", at);
    if (literal || end == std::string_view::npos || text[end] != '}') continue;
    files.push_back(folder / text.substr(at, end - at));
  }
  return files;
}

}  // namespace pelton::config
