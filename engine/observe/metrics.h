// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/observe/status.h"

#include <cstddef>
#include <string>

namespace pelton::observe {

// A stream or binding with more partitions has one series for all of them, and so has each of them
// when together they have more.
inline constexpr std::size_t kMaxPartitionSeries = 64;
inline constexpr std::size_t kMaxAllPartitionSeries = 256;

// The report as Prometheus text (exposition format 0.0.4). Labels are names from the config and
// partition numbers, or partition="all": sums, of lag_seconds the greatest. docs/metrics.md lists
// them.
std::string render_metrics(const StatusReport& report);

}  // namespace pelton::observe
