// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <mutex>

namespace pelton {

// Wall time that does not step: what is due, times out or expires goes by it, so that a clock that
// is set right (or wrong) for a while neither stalls retries nor deletes what is still needed.
//
// It runs with the monotonic clock. From the machine's wall clock it takes differences up to
// kFollowed at once; larger ones once they have lasted for kLasting. A wall clock that is ahead is
// followed in one step, one that is behind by running at half speed until they meet: it never goes
// back or rests. Pure: time comes in.
class RunTime {
 public:
  static constexpr Duration kFollowed = std::chrono::seconds(1);
  static constexpr Duration kLasting = std::chrono::minutes(10);

  // `steady`: any clock that only runs forward; `wall`: the machine's.
  RunTime(Duration steady, WallTime wall) : steady_(steady), now_(wall) {}
  WallTime advance(Duration steady, WallTime wall);
  // How far the wall clock is ahead (+) or behind (-), while that is more than kFollowed.
  Duration difference() const { return difference_; }

 private:
  Duration steady_;
  WallTime now_;
  Duration difference_{0};
  Duration since_{0};  // on the steady clock: since when there is a difference
};

// The machine's. Thread-safe.
class RunClock final : public Clock {
 public:
  RunClock();
  WallTime now() const override;
  Duration difference() const;

 private:
  mutable std::mutex mutex_;
  mutable RunTime time_;
};

}  // namespace pelton
