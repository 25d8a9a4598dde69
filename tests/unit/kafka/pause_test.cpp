// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/pause.h"

#include "engine/kafka/client/trouble.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;

TEST(Pause, IsDueUntilSomethingFails) {
  Pause pause;
  EXPECT_FALSE(pause.on());
  EXPECT_TRUE(pause.due());
  pause.begin();
  EXPECT_TRUE(pause.on());
  EXPECT_FALSE(pause.due());
}

TEST(Pause, DoublesUpToFiveSeconds) {
  Pause pause;
  std::chrono::milliseconds before{};
  for (int i = 0; i < 10; ++i) {
    pause.begin();
    EXPECT_TRUE(pause.delay() == 2 * before || before == 0ms || pause.delay() == 5s);
    EXPECT_GE(pause.delay(), before);
    before = pause.delay();
  }
  EXPECT_EQ(before, 5s);
}

TEST(Pause, BeginsShortAgainAfterASuccess) {
  Pause pause;
  pause.begin();
  const auto first = pause.delay();
  for (int i = 0; i < 5; ++i) pause.begin();
  pause.over();
  EXPECT_TRUE(pause.due());
  pause.begin();
  EXPECT_EQ(pause.delay(), first);
}

std::size_t lines_with(const std::string& log, const std::string& text) {
  std::size_t found = 0;
  for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
  return found;
}

TEST(Trouble, IsInTheLogOnceHoweverOftenItIsSaid) {
  ::testing::internal::CaptureStderr();
  Trouble trouble("orders");
  EXPECT_EQ(trouble.text(), "");
  for (int i = 0; i < 3; ++i) trouble.say("E6110: no such topic");
  EXPECT_EQ(trouble.text(), "E6110: no such topic");
  trouble.over();
  trouble.over();
  EXPECT_EQ(trouble.text(), "");
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines_with(log, "E6110: no such topic"), 1U) << log;
  EXPECT_EQ(lines_with(log, "the brokers take records again"), 1U) << log;
}

}  // namespace
}  // namespace pelton::kafka
