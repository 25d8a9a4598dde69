// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/process/process.h"
#include "engine/worker/sandbox/sandbox.h"

#include <optional>
#include <string>

// What a pool says and does about the isolation of its workers.
namespace pelton::worker {

// E7311: what is missing; nothing: there is no isolation, or all of it.
std::optional<std::string> missing_isolation(const std::optional<sandbox::Outcome>& known);
// The same of what is new in a worker's, which is known then.
std::optional<std::string> news_of_isolation(const std::optional<sandbox::Outcome>& of_worker,
                                             std::optional<sandbox::Outcome>& known);

// More than the function allows, where the kernel does not count them for us.
bool has_too_many_processes(const Process& process, const config::Function& function);

}  // namespace pelton::worker
