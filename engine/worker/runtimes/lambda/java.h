// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/process/launch.h"

#include <filesystem>
#include <string>

namespace pelton::worker::lambda {

// The jar of AWS's client in this folder; empty: it has none.
std::filesystem::path java_client(const std::filesystem::path& folder);

// What the JVM would put into /tmp, which all workers share, goes into a folder of the worker's
// own: temporary files, and the native library that the client unpacks to a fixed name there, while
// other workers may be loading it. Options are inserted in front of the others.
void keep_out_of_tmp(LaunchPlan& plan, const std::filesystem::path& client,
                     const std::filesystem::path& temporary);

}  // namespace pelton::worker::lambda
