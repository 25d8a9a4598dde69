// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/breaker.h"
#include "engine/dispatch/commit_list.h"
#include "engine/dispatch/completion_ages.h"
#include "engine/dispatch/dispatcher.h"
#include "engine/dispatch/frame_book.h"
#include "engine/dispatch/idempotency_index.h"
#include "engine/dispatch/partition_table.h"
#include "engine/dispatch/rate_limit.h"
#include "engine/dispatch/replays.h"
#include "engine/dispatch/retry_policy.h"
#include "engine/model/batch_builder.h"

#include <memory>
#include <string>

namespace pelton::dispatch {

// The state of a dispatcher, which its rules have in common.
struct Shared {
  explicit Shared(DispatcherOptions settings);

  model::StreamPartition at(PartitionId partition) const { return {options.stream_id, partition}; }
  std::string name_of(WorkerId worker) const;
  // A frame with everything that all of the binding's frames share.
  model::Frame new_frame(PartitionId partition) const;

  const DispatcherOptions options;
  Totals totals;
  CompletionAges ages;
  const std::unique_ptr<IdempotencyIndex> index;  // null: the binding has no idempotency keys
  RetryPolicy policy;
  Breaker breaker;
  RateLimit rate;
  PartitionTable partitions;
  Replays replays;
  FrameBook frames;
  CommitList commits;
  model::BatchBuilder builder;  // between calls it is empty
};

}  // namespace pelton::dispatch
