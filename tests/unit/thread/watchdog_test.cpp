// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/watchdog.h"

#include <gtest/gtest.h>

#include <future>

namespace pelton::thread {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Watchdog, CallsOnceItIsTooLate) {
  std::promise<void> called;
  Watchdog watchdog;
  watchdog.arm(Clock::now(), [&] { called.set_value(); });
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

TEST(Watchdog, ThatIsDisarmedCallsNothing) {
  bool called = false;
  Watchdog watchdog;
  watchdog.disarm();
  watchdog.arm(Clock::now() + std::chrono::hours(1), [&] { called = true; });
  watchdog.disarm();
  watchdog.disarm();
  EXPECT_FALSE(called);
}

TEST(Watchdog, TheLastDeadlineCounts) {
  std::promise<void> called;
  bool replaced = false;
  Watchdog watchdog;
  watchdog.arm(Clock::now() + std::chrono::hours(1), [&] { replaced = true; });
  watchdog.arm(Clock::now(), [&] { called.set_value(); });
  EXPECT_EQ(called.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  watchdog.disarm();
  EXPECT_FALSE(replaced);
}

}  // namespace
}  // namespace pelton::thread
