// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/ids.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::kafka {

// Brokers refuse more by default (offset.metadata.max.bytes).
inline constexpr std::size_t kMaxMetadata = 4096;

// Value. What travels with a committed offset: whose it is and what is settled beyond it.
// docs/formats.md describes the text form.
struct CommitMetadata {
  std::uint64_t node = 0;   // random, one a data folder
  std::uint64_t epoch = 0;  // random, one for each time that a node takes the partition over
  std::vector<OffsetRange> completed;  // ascending, disjoint, beyond the offset
  friend bool operator==(const CommitMetadata&, const CommitMetadata&) = default;
};

struct EncodedMetadata {
  std::string text;
  std::size_t ranges = 0;  // how many of `completed` are in it: the lowest that fit
};
EncodedMetadata encode(const CommitMetadata& metadata, Offset offset,
                       std::size_t most = kMaxMetadata);
// Nothing when the text is not ours (another client's, empty after an operator's reset) or damaged.
std::optional<CommitMetadata> decode(std::string_view text, Offset offset);

}  // namespace pelton::kafka
