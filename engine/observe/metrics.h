// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/status.h"

#include <string>

namespace pelton::observe {

// The report as Prometheus text (exposition format 0.0.4). Labels are names from the config and
// partition numbers: bounded. docs/metrics.md lists them.
std::string render_metrics(const StatusReport& report);

}  // namespace pelton::observe
