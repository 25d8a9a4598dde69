// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/model/frame.h"
#include "engine/model/outputs.h"
#include "engine/model/records.h"

#include <map>
#include <optional>
#include <string>

namespace pelton::runtime {

// The records of a function's asynchronous calls, as AWS Lambda writes them to destinations: of
// each that succeeded in place of its outputs, of each that became a dead letter beside it. Both
// are part of the transaction in which the call ends, so there is one of each. Shard-confined.
class CallRecords {
 public:
  // Absent: no record. Records of successes go where the binding's outputs go.
  struct Setup {
    std::string arn;
    Duration timeout;  // of the function
    bool on_success = false;
    std::optional<model::OutputStream> on_failure{};
  };
  explicit CallRecords(Setup setup) : setup_(std::move(setup)) {}

  // What happens to frames, each of one event.
  void given(WorkerId worker, const model::Frame& frame);
  void finished(FrameId frame, model::FrameResult& result, WallTime now);
  void gave_back(FrameId frame) { under_way_.erase(frame); }
  void lost(WorkerId worker);
  // Before the transaction is stored.
  void settle(model::Transaction& transaction);

 private:
  struct Given {
    WorkerId worker;
    model::BatchPtr event;
    std::uint32_t attempt = 1;
  };

  const Setup setup_;
  std::map<FrameId, Given> under_way_;
  std::uint32_t next_partition_ = 0;
};

}  // namespace pelton::runtime
