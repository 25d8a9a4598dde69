// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"

#include <functional>
#include <optional>
#include <vector>

namespace pelton::runtime {

// Reads again what a dispatcher does not keep. Shard-confined.
class EventRereads {
 public:
  using Answer = std::function<void(std::optional<model::PlacedBatch>)>;
  // Reads the batch that holds an event; nothing: it is not stored any more. Answers on the shard,
  // not from within the call, and not once the binding is gone.
  using Read = std::function<void(PartitionId, Offset, Answer)>;

  // `again` hands the answer to the dispatcher. Without `read` nothing may be asked for.
  EventRereads(dispatch::Dispatcher& dispatcher, Read read,
               std::function<void(const dispatch::Reread&, const model::PlacedBatch*)> again)
      : dispatcher_(dispatcher), read_(std::move(read)), again_(std::move(again)) {}

  // Asks for what is wanted now.
  void ask();

 private:
  void answer(const dispatch::Reread& which, const std::optional<model::PlacedBatch>& read);

  dispatch::Dispatcher& dispatcher_;
  const Read read_;
  const std::function<void(const dispatch::Reread&, const model::PlacedBatch*)> again_;
  std::vector<dispatch::Reread> wanted_;
};

}  // namespace pelton::runtime
