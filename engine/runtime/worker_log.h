// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/function_log.h"
#include "engine/worker/pool/worker_output.h"

namespace pelton::runtime {

// A worker's line, with the level that its priority means: in the engine's log and its function's.
void log_line(const worker::WorkerLine& line, observe::FunctionLog& kept);
// The REPORT line of an invocation, in its function's log.
void log_report(const worker::InvocationReport& report, observe::FunctionLog& kept);

}  // namespace pelton::runtime
