// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/config/spec/section.h"

namespace pelton::config {

// What a function runs must be there: the executable (cpp); the folder, the module and the
// interpreter (python), whose path becomes absolute, a virtual environment's folder its
// interpreter. Only looks; nothing is run.
void check_code(Function& function, const Section& section, ReadContext& context);

}  // namespace pelton::config
