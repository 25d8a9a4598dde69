// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/dispatch/dispatcher.h"
#include "engine/stream/connections.h"

#include <functional>
#include <optional>
#include <vector>

namespace pelton::runtime {

// Reads again what a dispatcher does not keep. Shard-confined.
class EventRereads {
 public:
  // `again` hands the answer to the dispatcher. Without `read` nothing may be asked for.
  EventRereads(dispatch::Dispatcher& dispatcher, stream::ReadAgain read,
               std::function<void(const dispatch::Reread&, const model::PlacedBatch*)> again)
      : dispatcher_(dispatcher), read_(std::move(read)), again_(std::move(again)) {}

  // Asks for what is wanted now.
  void ask();

 private:
  void answer(const dispatch::Reread& which, const std::optional<model::PlacedBatch>& read);

  dispatch::Dispatcher& dispatcher_;
  const stream::ReadAgain read_;
  const std::function<void(const dispatch::Reread&, const model::PlacedBatch*)> again_;
  std::vector<dispatch::Reread> wanted_;
};

}  // namespace pelton::runtime
