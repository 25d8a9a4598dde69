// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/completion_ages.h"

#include <cmath>
#include <limits>

namespace pelton::dispatch {
namespace {

std::int64_t bound_us(std::size_t bucket) {
  return bucket < kHistogramBounds.size() ? std::llround(kHistogramBounds[bucket] * 1e6)
                                          : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

void CompletionAges::find_bucket(std::int64_t age) {
  bucket_ = 0;
  while (age > bound_us(bucket_)) ++bucket_;
  above_ = bucket_ == 0 ? -1 : bound_us(bucket_ - 1);
  up_to_ = bound_us(bucket_);
}

}  // namespace pelton::dispatch
