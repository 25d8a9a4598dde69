// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/invocation_headers.h"

#include "engine/model/invocation_headers.h"
#include "engine/worker/runtimes/lambda/record_json.h"

#include <algorithm>

namespace pelton::worker::lambda {
namespace {

// "8-4-4-4-12" hexadecimal digits.
bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

std::optional<std::string_view> own_header(const model::Frame& frame, std::uint32_t index,
                                           std::string_view name) {
  for (const model::Header& one : frame.batch->headers(index))
    if (one.name == name) return one.value;
  return std::nullopt;
}

// As a header of the Runtime API may have it.
bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::optional<std::string> own_request_id(const model::Frame& frame, std::uint32_t index) {
  const auto id = own_header(frame, index, model::kRequestIdHeader);
  return id && is_uuid(*id) ? std::optional(std::string(*id)) : std::nullopt;
}

std::optional<std::string> own_client_context(const model::Frame& frame, std::uint32_t index) {
  const auto json = own_header(frame, index, model::kClientContextHeader);
  const bool good = json && json->starts_with('{') && is_printable(*json) && is_json(*json);
  return good ? std::optional(std::string(*json)) : std::nullopt;
}

}  // namespace pelton::worker::lambda
