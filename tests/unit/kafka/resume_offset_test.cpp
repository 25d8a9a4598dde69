// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/resume_offset.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

using Kind = config::Start::Kind;
using Policy = GroupOptions::OutOfRange;

// A partition that has offsets 10 to 20; the time asked for is at 15.
PartitionFacts facts() {
  return {PartitionId{3}, std::nullopt, {}, 10, 20, 15};
}
ResumePolicy policy(Policy out_of_range, Kind kind = Kind::earliest) {
  ResumePolicy policy;
  policy.start.kind = kind;
  policy.out_of_range = out_of_range;
  return policy;
}
// The leader has refused to read there, where it has to say so.
Result<Resume> resume(Policy out_of_range, std::optional<Offset> wanted) {
  PartitionFacts refused = facts();
  refused.refused = true;
  return resume_offset(policy(out_of_range), refused, wanted);
}

TEST(ResumeOffset, ANewGroupBeginsWhereStartSays) {
  const auto begin = [](Kind kind) {
    return resume_offset(policy(Policy::stop, kind), facts(), std::nullopt);
  };
  EXPECT_EQ(begin(Kind::earliest), (Resume{10, false}));
  EXPECT_EQ(begin(Kind::latest), (Resume{20, false}));
  EXPECT_EQ(begin(Kind::time), (Resume{15, false}));
}

TEST(ResumeOffset, AnOffsetInTheTopicIsKeptWhateverThePolicy) {
  for (const Policy out_of_range : {Policy::stop, Policy::earliest, Policy::latest})
    for (const Offset wanted : {10, 15, 20})
      EXPECT_EQ(resume(out_of_range, wanted), (Resume{wanted, false}));
}

TEST(ResumeOffset, StartDoesNotMoveAGroupThatHasAnOffset) {
  EXPECT_EQ(resume_offset(policy(Policy::stop, Kind::latest), facts(), 11), (Resume{11, false}));
}

TEST(ResumeOffset, AnOffsetThatIsGoneGoesWhereThePolicySays) {
  for (const Offset wanted : {Offset{0}, Offset{9}, Offset{21}, Offset{1} << 40}) {
    EXPECT_EQ(resume(Policy::earliest, wanted), (Resume{10, true}));
    EXPECT_EQ(resume(Policy::latest, wanted), (Resume{20, true}));
  }
}

TEST(ResumeOffset, APartitionThatWasAddedLaterIsReadFromItsBeginning) {
  PartitionFacts added = facts();
  added.added = true;
  for (const Kind kind : {Kind::earliest, Kind::latest, Kind::time})
    EXPECT_EQ(resume_offset(policy(Policy::stop, kind), added, std::nullopt), (Resume{10, false}));
}

// An open transaction may hide what is between.
TEST(ResumeOffset, AnOffsetBehindTheEndIsWaitedForUntilTheLeaderRefusesIt) {
  for (const Policy out_of_range : {Policy::stop, Policy::earliest, Policy::latest})
    EXPECT_EQ(resume_offset(policy(out_of_range), facts(), 25), (Resume{25, false}));
}

TEST(ResumeOffset, StopSaysWhatIsGoneAndWhatIsThere) {
  const auto stopped = resume(Policy::stop, 4711);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(stopped.error().code, "E6104");
  EXPECT_EQ(stopped.error().message,
            "offset 4711 is no longer in partition 3, which has offsets 10 to 20");
}

TEST(ResumeOffset, AnEmptyPartitionHasOnePosition) {
  PartitionFacts empty = facts();
  empty.end = empty.at_time = empty.earliest;
  EXPECT_EQ(resume_offset(policy(Policy::stop), empty, 10), (Resume{10, false}));
  empty.refused = true;
  EXPECT_FALSE(resume_offset(policy(Policy::stop), empty, 11));
  EXPECT_FALSE(resume_offset(policy(Policy::stop), empty, 9));
}

}  // namespace
}  // namespace pelton::kafka
