// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/start.h"
#include "engine/kafka/client/lookup.h"
#include "engine/kafka/options.h"

#include <optional>

namespace pelton::kafka {

// Value. What the config says of the places where reading may begin.
struct ResumePolicy {
  config::Start start;  // of a group without a committed offset
  GroupOptions::OutOfRange out_of_range = GroupOptions::OutOfRange::stop;
};

// Value.
struct Resume {
  Offset offset = 0;
  bool moved = false;  // not where the group was: that offset is no longer in the topic
  friend bool operator==(const Resume&, const Resume&) = default;
};

// The one decision about where a partition is read from, whenever it is assigned and whenever its
// position turns out to be gone. `wanted` is where the group is; absent: the group has committed
// nothing, `start` decides; but a partition that was added to the topic later is read from its
// beginning. The end of the partition is a valid position, and so is one behind it until the leader
// refuses it: with read_committed, open transactions hide what is in between. Pure.
// corrupt (E6104): the offset is not in the topic and the policy is `stop`.
Result<Resume> resume_offset(const ResumePolicy& policy, const PartitionFacts& facts,
                             std::optional<Offset> wanted);

}  // namespace pelton::kafka
