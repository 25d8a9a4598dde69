// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/event_names.h"

#include <algorithm>
#include <array>

namespace pelton::s3 {
namespace {

constexpr std::array kAll{EventName::put, EventName::multipart, EventName::removed};

bool digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string_view to_string(EventName name) {
  switch (name) {
    case EventName::put:
      return "ObjectCreated:Put";
    case EventName::multipart:
      return "ObjectCreated:CompleteMultipartUpload";
    default:
      return "ObjectRemoved:Delete";
  }
}

std::vector<EventName> names_of_rule(std::string_view rule) {
  if (rule.starts_with("s3:")) rule.remove_prefix(3);
  std::vector<EventName> names;
  for (const EventName name : kAll) {
    const std::string_view text = to_string(name);
    const bool any = rule.ends_with(":*") && text.starts_with(rule.substr(0, rule.size() - 1));
    if (any || rule == text) names.push_back(name);
  }
  return names;
}

EventName created_by(std::string_view etag) {
  const std::size_t dash = etag.rfind('-');
  const bool parts = dash != std::string_view::npos && digits(etag.substr(dash + 1));
  return parts ? EventName::multipart : EventName::put;
}

}  // namespace pelton::s3
