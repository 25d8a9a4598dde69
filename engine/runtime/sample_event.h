// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Example events for trying a function, made by the code that makes the real ones.
namespace pelton::runtime {

// Value. What an operator says of an example; names are those of the options of its kind.
struct SampleWishes {
  std::map<std::string, std::string> options;                // "bucket": "pictures"
  std::vector<std::pair<std::string, std::string>> headers;  // name, value
  std::uint32_t count = 1;                                   // records of a batch
};

// Value. A kind of example.
struct SampleKind {
  std::string_view name;     // "s3:put"
  std::string_view what;     // a phrase
  std::string_view options;  // that it knows, with a space between them
};
std::span<const SampleKind> sample_kinds();

// The document that a function for AWS Lambda receives (docs/lambda.md); of the kind "event" an
// event as in NDJSON. E5004: no such kind, or an option that the kind does not have or whose value
// it cannot use.
Result<std::string> sample_event(const std::string& kind, const SampleWishes& wishes, WallTime now);

}  // namespace pelton::runtime
