// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pelton::dispatch {

// Value. What a binding remembers of completed idempotency keys.
struct KeyUsage {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t forgotten_early = 0;  // keys since the start, because the memory for them was full
};

}  // namespace pelton::dispatch
