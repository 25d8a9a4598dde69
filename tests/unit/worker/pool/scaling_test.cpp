// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/scaling.h"

#include <gtest/gtest.h>

namespace pelton::worker {
namespace {

using std::chrono::milliseconds;
using Time = RestartBackoff::Time;

// A function's workers on a clock that the test moves.
class Scaling : public ::testing::Test {
 protected:
  std::size_t to_start(const Crowd& crowd, bool work = true) const {
    return workers_to_start(scale, crowd, work, backoff, now);
  }
  void after(milliseconds time) { now += time; }

  config::Scale scale{.min = 0, .max = 8, .idle = {}};
  RestartBackoff backoff;
  Time now{milliseconds(1'000'000)};
};

TEST_F(Scaling, NothingStartsWithoutWork) {
  EXPECT_EQ(to_start({}, false), 0U);
}

TEST_F(Scaling, TheFirstStartsAloneThenAsManyAsRun) {
  EXPECT_EQ(to_start({}), 1U);
  EXPECT_EQ(to_start({.workers = 1, .starting = 1}), 0U) << "one is on its way";
  EXPECT_EQ(to_start({.workers = 1}), 1U);
  EXPECT_EQ(to_start({.workers = 4}), 4U);
  EXPECT_EQ(to_start({.workers = 6, .starting = 2}), 2U);
}

TEST_F(Scaling, NeverMoreThanTheMost) {
  EXPECT_EQ(to_start({.workers = 7}), 1U);
  EXPECT_EQ(to_start({.workers = 8}), 0U);
  EXPECT_EQ(to_start({.workers = 9}), 0U);
}

TEST_F(Scaling, TheLeastRunsWithoutWork) {
  scale.min = 3;
  EXPECT_EQ(to_start({}, false), 3U);
  EXPECT_EQ(to_start({.workers = 1, .starting = 1}, false), 2U);
  EXPECT_EQ(to_start({.workers = 3, .starting = 3}, false), 0U);
}

TEST_F(Scaling, OnlyWhatIsAboveTheLeastIsSpare) {
  scale.min = 2;
  EXPECT_EQ(workers_to_spare(scale, {.workers = 5}), 3U);
  EXPECT_EQ(workers_to_spare(scale, {.workers = 5, .retiring = 2}), 1U);
  EXPECT_EQ(workers_to_spare(scale, {.workers = 2, .retiring = 1}), 0U);
}

TEST_F(Scaling, AfterAFailureOneIsTriedOnceItsTimeHasCome) {
  backoff.failed(now);
  EXPECT_EQ(to_start({.workers = 4}), 0U);
  after(milliseconds(199));
  EXPECT_EQ(to_start({.workers = 4}), 0U);
  after(milliseconds(1));
  EXPECT_EQ(to_start({.workers = 4}), 1U);
  backoff.succeeded();
  EXPECT_EQ(to_start({.workers = 4}), 4U);
}

TEST_F(Scaling, EachFurtherFailureDoublesTheWait) {
  const auto wait = [this] {
    backoff.failed(now);
    return std::chrono::duration_cast<milliseconds>(backoff.not_before() - now);
  };
  EXPECT_EQ(wait(), milliseconds(200));
  EXPECT_EQ(wait(), milliseconds(400));
  EXPECT_EQ(wait(), milliseconds(800));
  for (int i = 0; i < 100; ++i) EXPECT_LE(wait(), milliseconds(30'000));
  EXPECT_EQ(wait(), milliseconds(30'000));
  backoff.succeeded();
  EXPECT_EQ(wait(), milliseconds(200));
}

TEST_F(Scaling, NewCodeDoesNotWaitForTheOldOnesFailures) {
  backoff.failed(now);
  backoff.forget();
  EXPECT_FALSE(backoff.failing());
  EXPECT_EQ(to_start({.workers = 2}), 2U);
}

}  // namespace
}  // namespace pelton::worker
