// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/run_clock.h"

namespace pelton::runtime {

// The engine's time, and a word in the log when the system clock is set.
class ClockWatch {
 public:
  const Clock& clock() const { return clock_; }
  // Now and then, on one thread.
  void look();

 private:
  RunClock clock_;
  bool differs_ = false;
};

}  // namespace pelton::runtime
