// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/clock_watch.h"

#include "engine/base/units.h"
#include "engine/observe/log.h"

#include <utility>

namespace pelton::runtime {

void ClockWatch::look() {
  const Duration difference = clock_.difference();
  const bool differs = difference != Duration{0};
  if (std::exchange(differs_, differs) == differs) return;
  if (differs)
    observe::log::warn(fmt::format(
        "the system clock was set {} by {}: retries, time-outs and expiry continue as if it had "
        "not been; if it stays so for {}, the engine follows it",
        difference > Duration{0} ? "forward" : "back",
        format_duration(std::chrono::round<std::chrono::seconds>(std::chrono::abs(difference))),
        format_duration(RunTime::kLasting)));
  else
    observe::log::info("the engine's time and the system clock agree again");
}

}  // namespace pelton::runtime
