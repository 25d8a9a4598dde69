// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/outputs.h"
#include "engine/runtime/call_endings.h"

#include <optional>
#include <string>

namespace pelton::runtime {

// The records of a function's asynchronous calls, as AWS Lambda writes them to destinations: of
// each that succeeded in place of its outputs, of each that became a dead letter beside it. There
// is one of each. Shard-confined.
class CallRecords final : public CallEndings {
 public:
  // Absent: no record. Records of successes go where the binding's outputs go.
  struct Setup {
    std::string arn;
    Duration timeout;  // of the function
    bool on_success = false;
    std::optional<model::OutputStream> on_failure{};
  };
  explicit CallRecords(Setup setup) : setup_(std::move(setup)) {}

  void settle(model::Transaction& transaction) override;

 private:
  void done(const Given& given, model::FrameResult& result, WallTime now) override;

  const Setup setup_;
  std::uint32_t next_partition_ = 0;
};

}  // namespace pelton::runtime
