// SPDX-License-Identifier: Apache-2.0
// Each rule of a node in a consumer group, broken, is caught within a few seeds; the same seeds
// pass without.
#include "tests/simulation/group_world.h"

#include <gtest/gtest.h>

namespace pelton::simulation {
namespace {

constexpr std::uint64_t kGroupSeeds = 45;  // the last mutation is caught in the 34th
constexpr std::uint64_t kGroupEvents = 600;

class BrokenNode : public ::testing::TestWithParam<int> {};

TEST_P(BrokenNode, IsCaught) {
  const auto mutation = static_cast<GroupMutation>(GetParam());
  for (std::uint64_t seed = 1; seed <= kGroupSeeds; ++seed)
    if (const GroupReport report = run_group(seed, kGroupEvents, mutation); !report.passed()) {
      RecordProperty("seed", static_cast<int>(seed));
      RecordProperty("violation", report.violations.front());
      return;
    }
  FAIL() << name_of(mutation) << " was not caught in " << kGroupSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Group, BrokenNode,
                         ::testing::Range(static_cast<int>(GroupMutation::none) + 1,
                                          static_cast<int>(GroupMutation::last)),
                         [](const auto& mutation) {
                           return name_of(static_cast<GroupMutation>(mutation.param));
                         });

TEST(UnbrokenGroup, PassesTheSameSeeds) {
  for (std::uint64_t seed = 1; seed <= kGroupSeeds; ++seed) {
    const GroupReport report = run_group(seed, kGroupEvents);
    EXPECT_TRUE(report.passed()) << "seed " << seed << ": " << report.violations.front();
  }
}

}  // namespace
}  // namespace pelton::simulation
