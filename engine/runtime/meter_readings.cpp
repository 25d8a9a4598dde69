// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/meter_readings.h"

#include <utility>

namespace pelton::runtime {

void MeterReadings::usage(const std::string& since, Answer<std::vector<http::UsageRow>> answer) {
  shard_.post([this, since, answer = std::move(answer)]() mutable {
    std::vector<http::UsageRow> rows;
    for (const auto& [name, usage] : meter_.since(since, clock_.now()))
      rows.push_back({name.day, name.function, name.binding, usage});
    answer(std::move(rows));
  });
}

}  // namespace pelton::runtime
