// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/registry.h"

#include "connectors/builtin.h"
#include "engine/runtime/kinds.h"

namespace pelton::cli {

config::Kinds kinds(const importer::Options& options) {
  config::Kinds kinds = runtime::kinds(builtin_connectors());
  kinds.dialect = importer::dialect(options);
  kinds.services = options.services;
  return kinds;
}

}  // namespace pelton::cli
