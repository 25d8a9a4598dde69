// SPDX-License-Identifier: Apache-2.0
// The checker is worth something only when it sees a broken dispatcher: each mutation is caught
// within a few seeds, and the same seeds pass without one.
#include "tests/simulation/world.h"

#include <gtest/gtest.h>

namespace pelton::simulation {
namespace {

constexpr std::uint64_t kSeeds = 80;
constexpr std::uint64_t kEvents = 600;

class Broken : public ::testing::TestWithParam<int> {};

TEST_P(Broken, IsCaught) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
    if (const Report report = run(seed, kEvents, static_cast<Mutation>(GetParam()));
        !report.passed()) {
      RecordProperty("seed", static_cast<int>(seed));
      RecordProperty("violation", report.violations.front());
      return;
    }
  FAIL() << name_of(static_cast<Mutation>(GetParam())) << " was not caught in " << kSeeds
         << " seeds";
}

INSTANTIATE_TEST_SUITE_P(Dispatcher, Broken,
                         ::testing::Range(static_cast<int>(Mutation::none) + 1,
                                          static_cast<int>(Mutation::last)),
                         [](const auto& mutation) {
                           return name_of(static_cast<Mutation>(mutation.param));
                         });

TEST(Unbroken, PassesTheSameSeeds) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Report report = run(seed, kEvents);
    EXPECT_TRUE(report.passed()) << "seed " << seed << ": " << report.violations.front();
  }
}

}  // namespace
}  // namespace pelton::simulation
