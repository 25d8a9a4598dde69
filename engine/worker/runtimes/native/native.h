// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/runtimes/native/codec.h"

// Pelton's own protocol (proto/pelton/v1/worker.proto), as its SDKs speak it.
namespace pelton::worker::native {

RuntimeSpec python();
RuntimeSpec cpp();

// A process that speaks the protocol, for a runtime whose plan names the command and the folder:
// adds the function's environment and limits, and the session. E3001.
Result<PreparedWorker> with_session(const WorkerSetup& setup, LaunchPlan plan,
                                    const codec::Handler& handler);

}  // namespace pelton::worker::native
