// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/ids.h"
#include "engine/base/result.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace pelton::stream {

// Interface. Where a binding is in its stream, for the operator: the partitions that are this
// engine's at the moment, what they hold, and a way to continue elsewhere. Shard-confined.
class Positions {
 public:
  virtual ~Positions() = default;

  // The partitions assigned now, ascending.
  virtual std::vector<PartitionId> partitions() const = 0;
  // The next offset that the stream will give.
  virtual Offset end(PartitionId partition) const = 0;
  // Event time at the offset, when it can be told cheaply.
  virtual std::optional<WallTime> time_at(PartitionId partition, Offset offset) = 0;

  // What can be read of a partition.
  struct Bounds {
    PartitionId partition;
    Offset earliest = 0;
    Offset end = 0;
    Offset at_time = 0;  // first offset at or after the time asked for; end if none
  };
  // A partition of the stream of which nothing can be told now, and why.
  struct Missing {
    PartitionId partition;
    Error why;
  };
  // Value. Each partition of the stream in one of both.
  struct Extents {
    std::vector<Bounds> known;  // assigned now
    std::vector<Missing> missing;
  };
  // An error: nothing can be told of any partition.
  virtual void extents(std::optional<WallTime> time,
                       std::function<void(Result<Extents>)> answer) = 0;
  // For as long as the answer is kept, retention drops nothing of the partition from `offset` on,
  // unless it is forced to. Null: what keeps the stream is not ours.
  virtual std::shared_ptr<const void> hold(PartitionId partition, Offset offset) = 0;
  // Continues the partition at `offset`, forgetting its retries: Input::Listener::assigned() is
  // called again, then `done`. The listener has dropped the partition before.
  virtual void seek(PartitionId partition, Offset offset, std::function<void(Status)> done) = 0;
};

}  // namespace pelton::stream
