// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"
#include "engine/import/import.h"

namespace pelton::cli {

// What config files can name in this build; files of other systems are read with these options.
config::Kinds kinds(const importer::Options& options = {});

}  // namespace pelton::cli
