// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <fmt/chrono.h>

#include <string>

namespace pelton::http {

// "10/Oct/2000:13:55:36 +0000", as HTTP servers write it into their logs.
inline std::string log_time(WallTime time) {
  return fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(
                         std::chrono::time_point_cast<std::chrono::system_clock::duration>(time))));
}

}  // namespace pelton::http
