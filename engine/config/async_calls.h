// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/yaml/diagnostic.h"

#include <string>

namespace pelton::config {

// The stream in which asynchronous calls of a function wait, and the binding that delivers them.
std::string async_name(const std::string& function);

// Adds both for each function that has `async`, and for every function when a listener serves
// Lambda's API. E1011: the name is taken. E1033: a destination is a topic.
void add_async_calls(Config& config, Diagnostics& problems);

}  // namespace pelton::config
