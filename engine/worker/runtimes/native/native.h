// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

// Pelton's own protocol (proto/pelton/v1/worker.proto), as its SDKs speak it.
namespace pelton::worker::native {

RuntimeSpec python();
RuntimeSpec cpp();

}  // namespace pelton::worker::native
