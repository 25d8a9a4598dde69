// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/worker_pool.h"

namespace pelton::runtime {

// A worker's line in the engine's log. A line that begins with a priority as systemd has it ("<3>"
// and so on) has that level, without the prefix; others are informational.
void log_line(const worker::WorkerLine& line);

}  // namespace pelton::runtime
