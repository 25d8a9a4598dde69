// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/event_text.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace pelton::worker {

std::string idempotency_key(const model::Frame& frame, std::uint32_t index) {
  if (!frame.idempotency_keys.empty()) return frame.idempotency_keys[index];
  return fmt::format("{}{}", frame.key_prefix, frame.base + frame.batch->delta(index));
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;  // keeps its room from event to event
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

}  // namespace pelton::worker
