// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/worker/pool/runtime_spec.h"
#include "engine/worker/process/launch.h"

namespace pelton::worker {

// To the options of Node.js in the plan's command: it loads what makes the AWS SDK for JavaScript
// v2 read AWS_ENDPOINT_URL*, where the function has such a variable.
void teach_aws_sdk_v2(const WorkerSetup& setup, LaunchPlan& plan);

}  // namespace pelton::worker
