// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/scaling.h"

#include <algorithm>

namespace pelton::worker {
namespace {

// With scale.min, so many start at once when none runs.
constexpr std::uint32_t kFirst = 4;

std::size_t above(std::size_t wanted, std::size_t there) {
  return wanted > there ? wanted - there : 0;
}

}  // namespace

std::size_t workers_to_start(const config::Scale& scale, const Crowd& crowd, bool work,
                             const RestartBackoff& backoff, RestartBackoff::Time now) {
  if (now < backoff.not_before()) return 0;
  const std::size_t wanted = work ? scale.max : std::min(scale.min, scale.max);
  const std::size_t at_once =
      backoff.failing()
          ? 1
          : std::max<std::size_t>({1, crowd.workers - crowd.starting, std::min(scale.min, kFirst)});
  return std::min(above(wanted, crowd.workers), above(at_once, crowd.starting));
}

std::size_t workers_to_spare(const config::Scale& scale, const Crowd& crowd) {
  return above(crowd.workers - crowd.retiring, scale.min);
}

}  // namespace pelton::worker
