// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/builtin.h"

#include "engine/worker/runtimes/native/native.h"

namespace pelton::worker {

// An explicit list: the linker drops what registers itself from a static library.
const std::vector<RuntimeSpec>& builtin_runtimes() {
  static const std::vector<RuntimeSpec> runtimes{
      native::python(),
      native::cpp(),
  };
  return runtimes;
}

}  // namespace pelton::worker
