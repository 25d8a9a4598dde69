// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/event_text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <iterator>

namespace pelton::worker {

std::string idempotency_key(const model::Frame& frame, std::uint32_t index) {
  if (!frame.idempotency_keys.empty()) return frame.idempotency_keys[index];
  return fmt::format("{}{}", frame.key_prefix, frame.base + frame.batch->delta(index));
}

bool is_json(std::string_view text) {
  thread_local simdjson::dom::parser parser;  // keeps its room from event to event
  return parser.parse(text.data(), text.size()).error() == simdjson::SUCCESS;
}

bool is_attribute(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

std::string_view extension_of(std::string_view header) {
  constexpr std::string_view kPrefix = "ce_";
  if (header.starts_with(kPrefix)) header.remove_prefix(kPrefix.size());
  constexpr std::string_view kOthers[] = {"id",          "source", "specversion",     "type",
                                          "subject",     "time",   "datacontenttype", "data",
                                          "partitionkey"};
  const bool taken = std::ranges::find(kOthers, header) != std::end(kOthers);
  return taken || !is_attribute(header) ? std::string_view{} : header;
}

}  // namespace pelton::worker
