// SPDX-License-Identifier: Apache-2.0
#include "engine/config/real_path.h"

#include <algorithm>

namespace pelton::config {

namespace fs = std::filesystem;

fs::path real_path(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  const fs::path tidy = error ? path.lexically_normal() : real;
  return tidy.has_filename() ? tidy : tidy.parent_path();
}

bool within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace pelton::config
