// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/frame.h"
#include "engine/worker/runtimes/event_text.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::worker::lambda {

// Whose ARNs the documents name.
struct Account {
  std::string region;
  std::string id = "000000000000";
};

// Value. What one invocation gets: the JSON of some events of a frame, in the shape that the frame
// names (docs/lambda.md).
struct Document {
  std::string json;
  std::uint32_t count = 1;  // events, from the first one on
  // What an answer calls each record of a batch: a message's id, a sequence number, an offset.
  std::vector<std::string> records;
};

// The document that begins with event `first`: that event alone, or of a batch as many as the limit
// of an event takes. invalid: this event cannot be made one; `code` is the type of the error.
Result<Document> make_document(const model::Frame& frame, std::uint32_t first,
                               const Account& account, WallTime now);

// What the handler of a single event finds in `context.client_context.custom`: stream, partition,
// offset, attempt, idempotency_key, and the key of an event that has one. ASCII.
std::string client_context(const model::Frame& frame, std::uint32_t index);

}  // namespace pelton::worker::lambda
