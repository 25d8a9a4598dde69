// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/import/config_document.h"

#include <string>
#include <vector>

namespace pelton::importer {

// The document as YAML, with its comments and `heading` as comment lines before it.
std::string yaml_text(const Document& document, const std::vector<std::string>& heading);

}  // namespace pelton::importer
