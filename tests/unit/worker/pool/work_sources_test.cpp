// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/work_sources.h"

#include "tests/unit/worker/pool/fake_source.h"

#include <gtest/gtest.h>

namespace pelton::worker {
namespace {

constexpr WorkerId kOne{1};
constexpr WorkerId kTwo{2};
constexpr WorkerId kThree{3};

class Sources : public ::testing::Test {
 protected:
  Sources() {
    b.next = 1000;
    a.waiting.assign(100'000, "a");
    b.waiting.assign(100'000, "b");
  }
  // The source that the worker's next frame is from; -1: it gets none.
  int next(WorkerId worker, bool second = false) {
    auto pulled = sources.pull(worker, second);
    if (!pulled) return -1;
    size = pulled->frame.batch->size();
    return static_cast<int>(pulled->source);
  }
  void measure(std::size_t source, std::chrono::nanoseconds each) {
    for (int i = 0; i < 40; ++i) sources.measured(source, 100, 100 * each);
  }

  FakeSource a, b;
  WorkSources sources{{&a, &b}};
  std::size_t size = 0;  // events of the frame that next() got
};

TEST_F(Sources, AreAskedInTurn) {
  EXPECT_EQ(next(kOne), 0);
  EXPECT_EQ(next(kOne), 1);
  EXPECT_EQ(next(kTwo), 0);
  b.waiting.clear();
  EXPECT_EQ(next(kTwo), 0) << "one without work is passed over";
  a.waiting.clear();
  EXPECT_EQ(next(kTwo), -1);
  EXPECT_FALSE(sources.has_work());
}

TEST_F(Sources, OneThatIsWaitedForIsAskedFirst) {
  FakeSource calls;
  calls.waited_for = true;
  calls.next = 2000;
  calls.waiting.assign(2, "c");
  sources.add(calls);
  EXPECT_EQ(next(kOne), 2);
  EXPECT_EQ(next(kTwo), 2);
  EXPECT_EQ(next(kThree), 0) << "it has nothing left";
  EXPECT_EQ(next(kOne), 1) << "the others keep their turns";
}

TEST_F(Sources, ASlowOneDoesNotShrinkTheFramesOfAFastOne) {
  measure(0, std::chrono::milliseconds(5));
  measure(1, std::chrono::microseconds(1));
  ASSERT_EQ(next(kOne), 0);
  EXPECT_EQ(size, 1U);
  ASSERT_EQ(next(kOne), 1);
  EXPECT_GT(size, 4'000U);
}

TEST_F(Sources, ASlowOneGivesNoSecondFrame) {
  measure(0, std::chrono::milliseconds(5));
  measure(1, std::chrono::microseconds(1));
  EXPECT_EQ(next(kOne, true), 1);
  EXPECT_EQ(next(kOne, true), 1);
  EXPECT_EQ(next(kOne), 0);
}

TEST_F(Sources, NoMoreWorkersThanItsConcurrency) {
  b.waiting.clear();
  a.most_workers = 2;
  EXPECT_EQ(next(kOne), 0);
  EXPECT_TRUE(sources.has_work());
  EXPECT_EQ(next(kTwo), 0);
  EXPECT_FALSE(sources.has_work()) << "a third worker would get nothing";
  EXPECT_EQ(next(kThree), -1);
  EXPECT_EQ(next(kOne), 0) << "one that has a frame of it may have another";
  sources.released(kOne, 0);
  EXPECT_EQ(next(kThree), -1) << "it has the other one still";
  sources.released(kOne, 0);
  EXPECT_EQ(next(kThree), 0);
}

TEST_F(Sources, OneWhoseFramesAreCallsGivesThemAsLargeAsItLikes) {
  FakeSource whole;
  whole.whole = true;
  whole.waiting.assign(3'000, "w");
  sources.add(whole);
  sources.remove(a);
  sources.remove(b);
  ASSERT_EQ(next(kOne), 2);
  EXPECT_EQ(whole.frame_sizes, std::vector{3'000U});
  measure(2, std::chrono::seconds(1));
  whole.waiting.assign(10, "w");
  ASSERT_EQ(next(kTwo), 2);
  EXPECT_EQ(whole.frame_sizes.back(), 10U) << "however long it takes";
}

TEST_F(Sources, ALostWorkerHoldsNothing) {
  b.waiting.clear();
  a.most_workers = 1;
  ASSERT_EQ(next(kOne), 0);
  ASSERT_EQ(next(kTwo), -1);
  sources.lost(kOne, {});
  EXPECT_EQ(a.losses.size(), 1U);
  EXPECT_EQ(b.losses.size(), 1U) << "told to all: each knows its own frames";
  EXPECT_EQ(next(kTwo), 0);
}

TEST_F(Sources, AReleaseThatNothingWasGivenForIsIgnored) {
  sources.released(kOne, 1);
  EXPECT_EQ(next(kOne), 0);
}

TEST_F(Sources, OneThatIsRemovedIsNotAskedAndItsIndexIsGivenAgain) {
  ASSERT_EQ(next(kOne), 0);
  sources.remove(a);
  EXPECT_EQ(next(kOne), 1);
  EXPECT_EQ(next(kOne), 1);
  EXPECT_TRUE(sources.finished(0, kOne, FrameId{1}, {}));  // late, and dropped
  EXPECT_EQ(a.done, 0U);
  FakeSource c;
  c.waiting.assign(10, "c");
  sources.add(c);  // a worker still has a frame of the one that was removed
  EXPECT_EQ(sources.find(c), 2U);
  sources.released(kOne, 0);
  FakeSource d;
  d.waiting.assign(10, "d");
  sources.add(d);
  EXPECT_EQ(sources.find(d), 0U);
  EXPECT_EQ(sources.find(a), std::nullopt);
}

}  // namespace
}  // namespace pelton::worker
