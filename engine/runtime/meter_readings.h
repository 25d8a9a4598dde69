// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/metering.h"
#include "engine/runtime/shard.h"
#include "engine/runtime/usage_meter.h"

#include <string>
#include <vector>

namespace pelton::runtime {

// Reads the shard's meter for those who ask on another thread.
class MeterReadings final : public http::Metering {
 public:
  // All live longer.
  MeterReadings(Shard& shard, UsageMeter& meter, const Clock& clock)
      : shard_(shard), meter_(meter), clock_(clock) {}
  void usage(const std::string& since, Answer<std::vector<http::UsageRow>> answer) override;

 private:
  Shard& shard_;
  UsageMeter& meter_;
  const Clock& clock_;
};

}  // namespace pelton::runtime
