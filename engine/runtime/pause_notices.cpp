// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/pause_notices.h"

#include "engine/base/units.h"
#include "engine/observe/log.h"

#include <utility>

namespace pelton::runtime {

std::string pause_text(const dispatch::BreakerView& breaker, WallTime now) {
  if (!breaker.open) return {};
  std::string next = "trying one event";
  if (breaker.next_probe && *breaker.next_probe > now)
    next = "next attempt in " +
           format_duration(std::chrono::ceil<std::chrono::milliseconds>(*breaker.next_probe - now));
  return fmt::format("E2050: too many events failed, the last with {}; {}", breaker.last_error,
                     next);
}

void PauseNotices::look(const std::string& binding, const dispatch::BreakerView& breaker,
                        WallTime now) {
  if (breaker.open == std::exchange(open_, breaker.open)) return;
  if (breaker.open)
    observe::log::warn("the binding pauses: " + pause_text(breaker, now), {{"binding", binding}});
  else
    observe::log::info("the binding resumes: an event succeeded", {{"binding", binding}});
}

}  // namespace pelton::runtime
