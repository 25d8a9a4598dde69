// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/outputs.h"
#include "engine/runtime/call_endings.h"
#include "engine/runtime/result_follower.h"

#include <memory>

namespace pelton::runtime {

// The results of a durable route's calls: the response of each that is done, in place of the
// function's first output, and of each that became a dead letter. Shard-confined.
class DurableResults final : public CallEndings {
 public:
  // `results`: the first stream of the binding's outputs, which has one partition.
  DurableResults(model::OutputStream results, std::unique_ptr<ResultFollower> follower)
      : results_(std::move(results)), follower_(std::move(follower)) {}

  void start() override { follower_->start(); }
  void passed_over(OffsetRange calls) override { follower_->passed_over(calls); }
  void settle(model::Transaction& transaction) override;

 private:
  void done(const Given& given, model::FrameResult& result, WallTime now) override;

  const model::OutputStream results_;
  const std::unique_ptr<ResultFollower> follower_;
};

}  // namespace pelton::runtime
