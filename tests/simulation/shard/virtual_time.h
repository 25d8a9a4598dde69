// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

namespace pelton::simulation {

// Interface. What clocks show.
class VirtualTime {
 public:
  virtual ~VirtualTime() = default;
  virtual Duration monotonic() const = 0;  // only runs forward
  virtual WallTime wall() const = 0;
};

// From now on the calling thread's clocks show that time; null: the machine's. Other threads, those
// of RocksDB, keep the machine's. An io_context that is made and polled here has timers by it: this
// program's own clock_gettime() takes the place of libc's, and without a timerfd each poll() looks
// at the timers.
void set_time(const VirtualTime* time);

}  // namespace pelton::simulation
