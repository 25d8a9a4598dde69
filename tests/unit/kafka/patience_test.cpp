// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/patience.h"

#include <gmock/gmock.h>

#include <atomic>
#include <vector>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::ElementsAre;
using testing::Le;

constexpr auto kNo = [](int) { return false; };

// A question that nobody answers, which blocks for no time at all.
struct Asked {
  std::vector<int> turns;
  auto question() {
    return [this](int ms) {
      turns.push_back(ms);
      return static_cast<int>(turns.size());
    };
  }
};

TEST(Patience, TheFirstAnswerIsTheAnswer) {
  Asked asked;
  EXPECT_EQ(Patience(5s).in_turns(asked.question(), [](int n) { return n == 3; }), 3);
  EXPECT_THAT(asked.turns, ElementsAre(500, 1000, 1000)) << "no turn is longer than a second";
}

TEST(Patience, NoTurnIsLongerThanTheTimeThatIsLeft) {
  Asked asked;
  Patience(20ms).in_turns(asked.question(), kNo);
  EXPECT_THAT(asked.turns, Each(Le(20)));
}

TEST(Patience, WithoutTimeItIsAskedOnce) {
  Asked asked;
  EXPECT_EQ(Patience(0ms).in_turns(asked.question(), kNo), 1);
  EXPECT_THAT(asked.turns, ElementsAre(0));
}

TEST(Patience, OnceNobodyWaitsItIsNotAskedAgain) {
  Asked asked;
  std::atomic<bool> gone{false};
  const Patience patience(1h, [&] { return gone.load(); });
  const int answer = patience.in_turns(asked.question(), [&](int n) {
    gone = n == 2;
    return false;
  });
  EXPECT_EQ(answer, 2);
  EXPECT_TRUE(patience.over());
  asked.turns.clear();
  patience.in_turns(asked.question(), kNo);
  EXPECT_THAT(asked.turns, ElementsAre(0)) << "later questions do not block at all";
}

TEST(Patience, MoreAndLessTimeIsForTheSameOnes) {
  const Patience patience(5s, [] { return true; });
  EXPECT_EQ(patience.within(1s).time(), 1s);
  EXPECT_EQ(patience.within(9s).time(), 5s);
  EXPECT_EQ(patience.longer(1s).time(), 6s);
  EXPECT_TRUE(patience.within(1s).over());
  EXPECT_TRUE(patience.longer(1s).over());
}

}  // namespace
}  // namespace pelton::kafka
