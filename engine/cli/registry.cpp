// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/registry.h"

#include "connectors/builtin.h"
#include "engine/runtime/kinds.h"

namespace pelton::cli {

config::Kinds kinds() {
  return runtime::kinds(builtin_connectors());
}

}  // namespace pelton::cli
