// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_access.h"

namespace pelton::runtime {

Result<bool> FunctionAccess::takes_documents(const std::string& function) {
  const auto config = reloader_.current();
  const config::Function* found = config->find_function(function);
  if (found == nullptr)
    return fail(ErrorKind::invalid, "E5001", "no function named \"{}\"", function);
  return found->takes_documents;
}

}  // namespace pelton::runtime
