// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/records.h"

namespace pelton::runtime {

// A warning for each dead letter of the transaction: where it was, why, and its last error. The log
// limits them by binding.
void tell_dead_letters(const model::Transaction& transaction);

}  // namespace pelton::runtime
