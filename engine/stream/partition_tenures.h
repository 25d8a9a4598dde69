// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/dispatch/dispatcher.h"
#include "engine/stream/input.h"
#include "engine/stream/positions.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pelton::stream {

// Which partitions a binding works on, and how it lets go of one: for another engine once all that
// it has settled is durable, for a seek once no worker has anything of it, since an event that is
// read again must not be with two at once. Shard-confined.
class PartitionTenures {
 public:
  using Answer = std::function<void(Status)>;
  struct Setup {
    dispatch::Dispatcher& dispatcher;
    Input& input;
    Positions& positions;
    const Clock& clock;
    std::string stream;  // for messages
    Duration patience;   // how long a seek waits for workers
  };
  explicit PartitionTenures(Setup setup) : setup_(std::move(setup)) {}

  void begin(PartitionId partition, model::Restored restored);
  // It may be fed, and its frames given.
  bool open(PartitionId partition) const { return open_.contains(partition); }
  // Another engine gets it: it is drained from now on.
  void revoke(PartitionId partition);
  // It is not ours any more.
  void end(PartitionId partition);
  // See BindingRunner::seek.
  void seek(PartitionId partition, Offset offset, Answer answer);

  // Lets go of what is drained. Returns the partitions that are open again.
  std::vector<PartitionId> check();
  // When check() has something to do, whatever the dispatcher says.
  std::optional<WallTime> next_deadline() const;

 private:
  struct Seek {
    Offset offset = 0;
    WallTime deadline{};  // then it is refused
    Answer answer;
    std::shared_ptr<const void> held;  // or retention could drop where it goes
  };
  void close(PartitionId partition);
  void move(PartitionId partition, const Seek& seek);
  std::unexpected<Error> not_ours(PartitionId partition) const;

  const Setup setup_;
  std::set<PartitionId> open_, revoked_;
  std::map<PartitionId, Seek> seeks_;
};

}  // namespace pelton::stream
