// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/kinds.h"
#include "engine/config/spec/section.h"

namespace pelton::config {

// The typed config of a tree whose top level is a mapping. Each value is checked for itself, every
// reference resolves; what the parts have to do with each other beyond that is check_config's.
Config build_config(const Node& root, const Kinds& kinds, ReadContext& context);

}  // namespace pelton::config
