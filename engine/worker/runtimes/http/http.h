// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"

// Functions that serve HTTP: Google's Functions Framework, custom handlers of Azure Functions,
// Express, Flask, any other. docs/http_runtime.md says what they receive and what their answers
// mean.
namespace pelton::worker::http {

RuntimeSpec runtime();

}  // namespace pelton::worker::http
