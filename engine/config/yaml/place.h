// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pelton::config {

// A place in a config file, from 1. Line 0: not from a file (a default).
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t file = 0;  // which of the files that the config was read from
};

}  // namespace pelton::config
