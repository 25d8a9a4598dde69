// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/backoff.h"

#include <algorithm>

namespace pelton::connector {

Backoff::Delay Backoff::next() {
  step_ = step_ == Delay{0} ? first_ : std::min(max_, step_ * 2);
  std::uniform_real_distribution<double> spread(0.8, 1.2);
  const double delay = static_cast<double>(step_.count()) * spread(random_);
  return Delay{static_cast<Delay::rep>(delay)};
}

}  // namespace pelton::connector
