// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/registry.h"

#include "connectors/builtin.h"

namespace pelton::cli {

std::vector<config::ConnectorOptions> connector_options() {
  std::vector<config::ConnectorOptions> options;
  for (const connector::ConnectorSpec& spec : builtin_connectors()) options.push_back(spec.options);
  return options;
}

}  // namespace pelton::cli
