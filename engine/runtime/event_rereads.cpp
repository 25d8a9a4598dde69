// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/event_rereads.h"

#include "engine/observe/log.h"

namespace pelton::runtime {

void EventRereads::ask() {
  wanted_.clear();
  dispatcher_.reread(wanted_);
  for (const dispatch::Reread& which : wanted_)
    read_(which.partition, which.offset,
          [this, which](const std::optional<model::PlacedBatch>& read) { answer(which, read); });
}

void EventRereads::answer(const dispatch::Reread& which,
                          const std::optional<model::PlacedBatch>& read) {
  const dispatch::DispatcherOptions& options = dispatcher_.options();
  if (!read)
    observe::log::warn(
        fmt::format("E4111: retention dropped the event at offset {} of stream {}, partition {}, "
                    "while it waited for its next attempt",
                    which.offset, options.stream, which.partition.value),
        {{"binding", options.binding}});
  again_(which, read ? &*read : nullptr);
}

}  // namespace pelton::runtime
