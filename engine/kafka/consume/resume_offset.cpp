// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/resume_offset.h"

namespace pelton::kafka {
namespace {

Offset first_offset(const config::Start& start, const PartitionFacts& facts) {
  if (facts.added) return facts.earliest;
  switch (start.kind) {
    case config::Start::Kind::earliest:
      return facts.earliest;
    case config::Start::Kind::latest:
      return facts.end;
    case config::Start::Kind::time:
      return facts.at_time;
  }
  return facts.earliest;
}

}  // namespace

Result<Resume> resume_offset(const ResumePolicy& policy, const PartitionFacts& facts,
                             std::optional<Offset> wanted) {
  if (!wanted) return Resume{first_offset(policy.start, facts), false};
  const bool waits = *wanted > facts.end && !facts.refused;
  if (waits || (*wanted >= facts.earliest && *wanted <= facts.end)) return Resume{*wanted, false};
  switch (policy.out_of_range) {
    case GroupOptions::OutOfRange::earliest:
      return Resume{facts.earliest, true};
    case GroupOptions::OutOfRange::latest:
      return Resume{facts.end, true};
    case GroupOptions::OutOfRange::stop:
      break;
  }
  return fail(ErrorKind::corrupt, "E6104",
              "offset {} is no longer in partition {}, which has offsets {} to {}", *wanted,
              facts.partition.value, facts.earliest, facts.end);
}

}  // namespace pelton::kafka
