// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

namespace pelton::test {

// A clock that moves when it is told. One thread.
class FakeClock final : public Clock {
 public:
  WallTime now() const override { return now_; }
  void set(WallTime now) { now_ = now; }
  void advance(Duration by) { now_ += by; }

 private:
  WallTime now_{};
};

}  // namespace pelton::test
