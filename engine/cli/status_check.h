// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/cli/json.h"

#include <string>
#include <vector>

// What a script asks of the answer of /v1/status: nothing where all is well, else the reasons, a
// sentence each.
namespace pelton::cli {

// The engine is ready and no binding has stopped.
std::vector<std::string> reasons_not_ready(const json::object& status);
// No partition that this engine has of these bindings or sinks has lag. E5001: there is no such
// binding. E5021: one has stopped and would never get there.
Result<std::vector<std::string>> reasons_not_settled(const json::object& status,
                                                     const std::vector<std::string>& bindings);

}  // namespace pelton::cli
