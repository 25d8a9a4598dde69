// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/builtin.h"

#include "engine/base/ensure.h"
#include "engine/worker/runtimes/http/http.h"
#include "engine/worker/runtimes/lambda/lambda.h"
#include "engine/worker/runtimes/native/native.h"
#include "engine/worker/runtimes/node/node.h"

#include <algorithm>

namespace pelton::worker {

// An explicit list: the linker drops what registers itself from a static library.
const std::vector<RuntimeSpec>& builtin_runtimes() {
  static const std::vector<RuntimeSpec> runtimes{
      native::python(), native::cpp(),  node::runtime(),    lambda::python(),
      lambda::node(),   lambda::java(), lambda::provided(), http::runtime(),
  };
  return runtimes;
}

const RuntimeSpec& builtin_runtime(std::string_view name) {
  const auto& runtimes = builtin_runtimes();
  const auto spec = std::ranges::find_if(
      runtimes, [&](const RuntimeSpec& one) { return one.options.name == name; });
  ENSURE(spec != runtimes.end(), "the config let an unknown runtime pass: {}", name);
  return *spec;
}

}  // namespace pelton::worker
