// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/status.h"

#include <string>

namespace pelton::observe {

// The report as JSON: field names as in status.h, times as RFC 3339.
std::string to_json(const StatusReport& report);

}  // namespace pelton::observe
