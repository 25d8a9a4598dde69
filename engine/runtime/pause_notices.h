// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/breaker.h"

#include <string>

namespace pelton::runtime {

// Why a binding's breaker is open, and until when; empty: it is closed.
std::string pause_text(const dispatch::BreakerView& breaker, WallTime now);

// Says in the log when a binding pauses and when it resumes.
class PauseNotices {
 public:
  void look(const std::string& binding, const dispatch::BreakerView& breaker, WallTime now);

 private:
  bool open_ = false;
};

}  // namespace pelton::runtime
