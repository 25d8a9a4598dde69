// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/pace.h"

#include <gtest/gtest.h>

#include <array>

namespace pelton::worker {
namespace {

using namespace std::chrono_literals;

TEST(Pace, TimeInWhichNothingRanIsNobodys) {
  const Pace::Time start{1000s};
  Pace pace;
  pace.moved(start);
  const std::array<Invocation, 1> slow{{{FrameId{1}, 0, start + 1s}}};
  EXPECT_EQ(pace.of(slow[0], start + 5s), 4s);
  pace.stood_still(start + 65s, 60s, slow);
  EXPECT_EQ(pace.of(slow[0], start + 66s), 5s);
  EXPECT_EQ(pace.idle(start + 66s), 6s);
  const Invocation later{FrameId{1}, 1, start + 66s};
  EXPECT_EQ(pace.of(later, start + 70s), 4s) << "it began after that";
}

TEST(Pace, OneThatRunsSinceBeforeTwoStandstillsHasBothToItsCredit) {
  const Pace::Time start{1000s};
  Pace pace;
  const std::array<Invocation, 1> slow{{{FrameId{1}, 0, start}}};
  pace.stood_still(start + 11s, 10s, slow);
  pace.stood_still(start + 22s, 10s, slow);
  EXPECT_EQ(pace.of(slow[0], start + 23s), 3s);
  const Pace::Time meanwhile = start + 30s;
  const std::array<Invocation, 1> other{{{FrameId{2}, 0, meanwhile}}};
  pace.stood_still(meanwhile + 11s, 10s, other);
  EXPECT_EQ(pace.of(other[0], meanwhile + 12s), 2s);
}

}  // namespace
}  // namespace pelton::worker
