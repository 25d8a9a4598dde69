// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/kinds.h"

#include <string>

namespace pelton::config {

// JSON Schema (draft-07, which yaml-language-server reads) of config files, from the option specs.
std::string json_schema(const Kinds& kinds);

}  // namespace pelton::config
