// SPDX-License-Identifier: Apache-2.0
#include "engine/base/bounded_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace pelton {
namespace {

TEST(BoundedQueue, IsFullAtItsCapacity) {
  BoundedQueue<int> queue(2);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item));
  EXPECT_TRUE(queue.try_push(item));
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(item));
}

TEST(BoundedQueue, LeavesTheItemThatItRefusesWithItsOwner) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(queue.try_push(first));
  EXPECT_FALSE(first);
  EXPECT_FALSE(queue.try_push(second));
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, GivesOutWhatItHasAfterClosing) {
  BoundedQueue<int> queue(4);
  queue.push(7);
  queue.close();
  EXPECT_FALSE(queue.push(8));
  int item = 9;
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(queue.pop(), 7);
  EXPECT_FALSE(queue.pop());
}

TEST(BoundedQueue, ClosingWakesWhoeverWaits) {
  BoundedQueue<int> empty(1);
  BoundedQueue<int> full(1);
  full.push(1);
  std::thread reader([&] { EXPECT_FALSE(empty.pop()); });
  std::thread batch_reader([&] {
    std::deque<int> all;
    EXPECT_FALSE(empty.pop_all(all));
  });
  std::thread writer([&] { EXPECT_FALSE(full.push(2)); });
  empty.close();
  full.close();
  reader.join();
  batch_reader.join();
  writer.join();
}

TEST(BoundedQueue, PopGivesUpWhenItsTimeIsOver) {
  BoundedQueue<int> queue(1);
  EXPECT_FALSE(queue.pop_for(std::chrono::milliseconds(1)));
  queue.push(3);
  EXPECT_EQ(queue.pop_for(std::chrono::hours(1)), 3);
}

TEST(BoundedQueue, PopAllTakesEverythingInOrder) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) queue.push(i);
  std::deque<int> all;
  EXPECT_TRUE(queue.pop_all(all));
  EXPECT_EQ(all, (std::deque<int>{0, 1, 2}));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(BoundedQueue, LosesNothingBetweenManyThreads) {
  constexpr int kWriters = 4;
  constexpr int kEach = 5'000;
  BoundedQueue<int> queue(8);
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w)
    writers.emplace_back([&queue, w] {
      for (int i = 0; i < kEach; ++i) queue.push(w * kEach + i);
    });
  std::vector<int> last(kWriters, -1);
  std::deque<int> some;
  for (int taken = 0; taken < kWriters * kEach; taken += static_cast<int>(some.size())) {
    some.clear();
    ASSERT_TRUE(queue.pop_all(some));
    ASSERT_LE(some.size(), 8U);
    for (const int item : some) {
      EXPECT_GT(item % kEach, last[static_cast<std::size_t>(item / kEach)]);
      last[static_cast<std::size_t>(item / kEach)] = item % kEach;
    }
  }
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace pelton
