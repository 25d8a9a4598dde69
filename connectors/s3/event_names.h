// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace pelton::s3 {

// What can have happened to an object. A listing shows the version that an object has, so a copy
// and a form's POST are a put.
enum class EventName : std::uint8_t { put, multipart, removed };

// "ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:Delete".
std::string_view to_string(EventName name);

// Those that a rule means: "s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"; `s3:` may be left out.
// Empty: it is none.
std::vector<EventName> names_of_rule(std::string_view rule);

// What the etag says of how the object was written: "<hash>-<parts>" is a multipart upload.
EventName created_by(std::string_view etag);

}  // namespace pelton::s3
