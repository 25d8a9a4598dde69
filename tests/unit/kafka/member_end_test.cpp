// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kafka/group_fixture.h"

#include <chrono>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;

// Longer than any of these tests may wait.
constexpr std::chrono::minutes kSession{5};

// How a member goes that has a rebalance open, with each way to assign.
class MemberEnd : public GroupTest, public testing::WithParamInterface<const char*> {
 protected:
  // The group has given it the partition, and waits for it to begin.
  void join_without_beginning() {
    member.undecided = true;
    join(GetParam(), kSession);
    ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  }
  // Its consumer and the loop, whose thread and background are waited for.
  std::chrono::steady_clock::duration end() {
    const auto begun = std::chrono::steady_clock::now();
    consumer.reset();
    loop.stop();
    return std::chrono::steady_clock::now() - begun;
  }
};

TEST_P(MemberEnd, OneThatHasNotBegunWhatItWasGivenGoes) {
  join_without_beginning();
  EXPECT_LT(end(), 5s);
}

TEST_P(MemberEnd, OneThatHasBegunGoes) {
  join(GetParam(), kSession);
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  EXPECT_LT(end(), 5s);
}

TEST_P(MemberEnd, OneThatIsLeavingNeedNotBeServedAnyMore) {
  join(GetParam(), kSession);
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  consumer->close();
  EXPECT_LT(end(), 5s) << "what the client asks while it leaves is answered";
}

TEST_P(MemberEnd, OneThatHasNotBegunIsClosed) {
  join_without_beginning();
  consumer->close();
  EXPECT_TRUE(until([&] { return member.left.load(); }));
  EXPECT_LT(end(), 5s);
}

TEST_P(MemberEnd, NeitherAJoinNorSilentBrokersHoldItUp) {
  cluster.set_down(true);
  join(GetParam(), kSession);
  loop.run([] {});
  EXPECT_LT(end(), 5s);
}

TEST_P(MemberEnd, ACommitThatIsNotAnsweredHoldsItUpForSecondsAlone) {
  join(GetParam(), kSession);
  ASSERT_TRUE(until([&] { return member.tenures.contains(kP); }));
  cluster.set_down(true);
  consumer->commit(1, {{kP, 1, ""}});
  loop.run([] {});
  EXPECT_LT(end(), 15s) << "the client itself waits until the session is over";
}

INSTANTIATE_TEST_SUITE_P(Assignors, MemberEnd, testing::Values("range", "cooperative-sticky"),
                         [](const auto& of) {
                           return std::string(of.param) == "range" ? "eager" : "cooperative";
                         });

}  // namespace
}  // namespace pelton::kafka
