// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

#include <string>

namespace pelton::dead_letters {

// A warning for each dead letter of the transaction: where it was, why, and its last error. The log
// limits them by binding. At the level debug also a line for each attempt that failed and is
// followed by another.
void tell_failures(const std::string& binding, const model::Transaction& transaction);

}  // namespace pelton::dead_letters
