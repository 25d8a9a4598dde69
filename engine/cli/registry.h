// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"

namespace pelton::cli {

// What config files can name in this build.
config::Kinds kinds();

}  // namespace pelton::cli
