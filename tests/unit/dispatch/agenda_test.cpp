// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/agenda.h"

#include <gtest/gtest.h>

namespace pelton::dispatch {
namespace {

using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::hours(1000)};
constexpr PartitionId kA{1}, kB{2}, kC{3};
const Agenda::Plan kReady{true, {}, {}};

Agenda::Plan opens_at(WallTime time) {
  return {false, time, {}};
}
Agenda::Plan due_at(WallTime time) {
  return {false, {}, time};
}

TEST(AgendaTest, ThoseThatAreReadyTakeTurns) {
  Agenda agenda;
  EXPECT_FALSE(agenda.has_ready(kNow));
  for (const PartitionId partition : {kB, kA, kC}) agenda.update(partition, kReady);
  agenda.update(kB, kReady);
  EXPECT_EQ(agenda.pop_ready(kNow), kB) << "it has queued once";
  agenda.update(kB, kReady);
  EXPECT_EQ(agenda.pop_ready(kNow), kA);
  EXPECT_EQ(agenda.pop_ready(kNow), kC);
  EXPECT_EQ(agenda.pop_ready(kNow), kB);
  EXPECT_EQ(agenda.pop_ready(kNow), std::nullopt);
}

TEST(AgendaTest, OneThatIsNotReadyAnyMoreLeavesTheQueue) {
  Agenda agenda;
  for (const PartitionId partition : {kA, kB}) agenda.update(partition, kReady);
  agenda.update(kA, {});
  EXPECT_EQ(agenda.pop_ready(kNow), kB);
  agenda.update(kC, kReady);
  agenda.forget(kC);
  EXPECT_FALSE(agenda.has_ready(kNow));
}

TEST(AgendaTest, OpensWhenItsTimeHasCome) {
  Agenda agenda;
  agenda.update(kA, opens_at(kNow + seconds(1)));
  EXPECT_FALSE(agenda.has_ready(kNow));
  EXPECT_EQ(agenda.next(), kNow + seconds(1));
  EXPECT_TRUE(agenda.has_ready(kNow + seconds(1)));
  EXPECT_EQ(agenda.pop_ready(kNow), std::nullopt);
  EXPECT_EQ(agenda.pop_ready(kNow + seconds(1)), kA);
  EXPECT_EQ(agenda.next(), std::nullopt);
}

TEST(AgendaTest, ATimeThatHasPassedIsNotSaidAgain) {
  Agenda agenda;
  agenda.update(kA, opens_at(kNow));
  EXPECT_TRUE(agenda.pass(kNow).empty()) << "nothing else is due in it";
  EXPECT_EQ(agenda.next(), std::nullopt);
  EXPECT_TRUE(agenda.has_ready(kNow));
}

TEST(AgendaTest, SaysWhatIsDueUntilThatIsDone) {
  Agenda agenda;
  agenda.update(kA, due_at(kNow + seconds(2)));
  agenda.update(kB, {true, {}, kNow + seconds(1)});
  agenda.update(kC, due_at(kNow + seconds(3)));
  EXPECT_EQ(agenda.next(), kNow + seconds(1));
  EXPECT_EQ(agenda.pop_ready(kNow), kB);
  EXPECT_EQ(agenda.next(), kNow + seconds(1)) << "its turn is one thing, what is due another";
  EXPECT_EQ(agenda.pass(kNow + seconds(2)), (std::vector{kB, kA}));
  agenda.update(kA, {});
  agenda.update(kB, {});
  EXPECT_EQ(agenda.next(), kNow + seconds(3));
}

}  // namespace
}  // namespace pelton::dispatch
