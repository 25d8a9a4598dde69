// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/histogram.h"

#include <algorithm>
#include <cstdint>

namespace pelton::dispatch {

// How old events were when they ended as done, by their own time. Events that end together are of
// like age, so that most cost two comparisons: the bucket of the last one is tried first.
class CompletionAges {
 public:
  // Times in microseconds. An event without a time (0) is not counted; one from the future has
  // age 0.
  void add(std::int64_t event_us, std::int64_t now_us) {
    if (event_us <= 0) return;
    const std::int64_t age = std::max<std::int64_t>(0, now_us - event_us);
    if (age <= above_ || age > up_to_) find_bucket(age);
    ++counts_.buckets[bucket_];
    sum_us_ += static_cast<double>(age);
  }
  HistogramCounts counts() const {
    HistogramCounts counts = counts_;
    counts.sum_seconds = sum_us_ / 1e6;
    return counts;
  }

 private:
  void find_bucket(std::int64_t age);

  HistogramCounts counts_;  // its sum is not used
  double sum_us_ = 0;
  // The bucket of the last event has ages in (above_, up_to_].
  std::size_t bucket_ = 0;
  std::int64_t above_ = -1;
  std::int64_t up_to_ = -1;
};

}  // namespace pelton::dispatch
