// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace pelton {

// Seconds that each bucket reaches up to, 1-2.5-5 a decade; above them all is one more bucket.
inline constexpr std::array kHistogramBounds{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,  0.025,
                                             0.05,    0.1,    0.25,  0.5,    1.0,   2.5,   5.0,
                                             10.0,    25.0,   60.0,  300.0,  900.0, 3600.0};

// Value. How many durations there were of which length, since the start.
struct HistogramCounts {
  std::array<std::uint64_t, kHistogramBounds.size() + 1> buckets{};  // of each alone
  double sum_seconds = 0;
};

// Durations, counted in buckets. One thread adds, any thread reads.
class Histogram {
 public:
  // `count` of them, of this length each.
  void add(std::chrono::nanoseconds length, std::uint64_t count = 1) {
    const double seconds = std::chrono::duration<double>(length).count();
    std::size_t bucket = 0;
    while (bucket < kHistogramBounds.size() && seconds > kHistogramBounds[bucket]) ++bucket;
    increase(buckets_[bucket], count);
    increase(sum_ns_,
             count * static_cast<std::uint64_t>(std::max<std::int64_t>(0, length.count())));
  }
  HistogramCounts counts() const {
    HistogramCounts counts;
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      counts.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
    counts.sum_seconds = static_cast<double>(sum_ns_.load(std::memory_order_relaxed)) / 1e9;
    return counts;
  }

 private:
  using Number = std::atomic<std::uint64_t>;
  // There is one writer: no locked instruction is needed.
  static void increase(Number& number, std::uint64_t by) {
    number.store(number.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<Number, kHistogramBounds.size() + 1> buckets_{};
  Number sum_ns_{0};
};

}  // namespace pelton
