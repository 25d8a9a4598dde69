// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/function.h"
#include "engine/worker/pool/restart_backoff.h"

#include <cstddef>

namespace pelton::worker {

// What a function's workers are doing, as far as scaling goes by it.
struct Crowd {
  std::size_t workers = 0;   // all, those that are ending included
  std::size_t starting = 0;  // of these: not ready yet
  std::size_t retiring = 0;  // of these: get no more frames
};

// How many workers to start now: from scale.min to scale.max as there is work. At most as many
// start at once as run already (the first four of scale.min), so that starting costs at most half
// of what there is, and a function that fails to start is tried with one worker at a time.
std::size_t workers_to_start(const config::Scale& scale, const Crowd& crowd, bool work,
                             const RestartBackoff& backoff, RestartBackoff::Time now);

// How many workers are more than scale.min: so many may be ended for being idle.
std::size_t workers_to_spare(const config::Scale& scale, const Crowd& crowd);

}  // namespace pelton::worker
