// SPDX-License-Identifier: Apache-2.0
#include "engine/base/ensure.h"

#include <cstdio>
#include <cstdlib>

namespace pelton {

void ensure_failed(const char* file, int line, const char* condition, const std::string& sentence) {
  std::fprintf(stderr, "pelton: a bug: %s (%s:%d: %s)\n", sentence.c_str(), file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace pelton
