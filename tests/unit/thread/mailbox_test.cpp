// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/mailbox.h"

#include "engine/thread/timer.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <poll.h>

#include <thread>
#include <vector>

namespace pelton::thread {
namespace {

using testing::ElementsAre;

TEST(Mailbox, CallsRunInTheOrderOfTheirPosting) {
  boost::asio::io_context io{1};
  Mailbox mailbox(io);
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) mailbox.post([&order, i] { order.push_back(i); });
  EXPECT_TRUE(order.empty()) << "never on the thread that posts";
  EXPECT_EQ(io.run(), 1U) << "one wake-up for all";
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(Mailbox, WhatACallPostsRunsAfterThoseThatWait) {
  boost::asio::io_context io{1};
  Mailbox mailbox(io);
  std::vector<int> order;
  mailbox.post([&] {
    order.push_back(0);
    mailbox.post([&order] { order.push_back(2); });
  });
  mailbox.post([&order] { order.push_back(1); });
  io.run();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(Mailbox, NothingIsLostBetweenThreads) {
  boost::asio::io_context io{1};
  Mailbox mailbox(io);
  constexpr int kThreads = 4;
  constexpr int kCalls = 20'000;
  std::vector<int> last(kThreads, -1);
  int ran = 0;
  int out_of_order = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kCalls; ++i)
          mailbox.post([&, t, i] {
            out_of_order += last[t] == i - 1 ? 0 : 1;
            last[t] = i;
            ++ran;
          });
      });
    while (ran < kThreads * kCalls) {
      io.run();
      io.restart();
    }
  }
  EXPECT_EQ(ran, kThreads * kCalls);
  EXPECT_EQ(out_of_order, 0);
}

// Here the calls own what posts once more when it goes.
TEST(Mailbox, WhatAClosedOneHasOrGetsIsDropped) {
  boost::asio::io_context io{1};
  Mailbox mailbox(io);
  int ran = 0;
  int gone = 0;
  const auto owned = [&] {
    return std::unique_ptr<int, std::function<void(int*)>>(&gone, [&](int* count) {
      ++*count;
      mailbox.post([&ran] { ++ran; });
    });
  };
  mailbox.post([&ran, owns = owned()] { ++ran; });
  mailbox.close();
  EXPECT_EQ(gone, 1) << "not with the mailbox: others go before that";
  mailbox.post([&ran, owns = owned()] { ++ran; });
  EXPECT_EQ(gone, 2);
  io.run();
  EXPECT_EQ(ran, 0);
}

TEST(Timer, TheLastSettingCounts) {
  boost::asio::io_context io{1};
  Timer timer(io);
  std::vector<int> fired;
  timer.after(std::chrono::hours(1), [&] { fired.push_back(1); });
  timer.after(std::chrono::milliseconds(1), [&] { fired.push_back(2); });
  io.run();
  EXPECT_THAT(fired, ElementsAre(2));
}

TEST(Timer, ACancelledOneNeverFires) {
  boost::asio::io_context io{1};
  Timer timer(io);
  bool fired = false;
  timer.after(std::chrono::milliseconds(1), [&] { fired = true; });
  timer.cancel();
  io.run();
  EXPECT_FALSE(fired);
}

TEST(Timer, OneThatIsGoneNeverFires) {
  boost::asio::io_context io{1};
  bool fired = false;
  {
    Timer timer(io);
    timer.after(std::chrono::milliseconds(1), [&] { fired = true; });
  }
  io.run();
  EXPECT_FALSE(fired);
}

// Both are due when the io_context looks: the second handler is queued before the first one runs.
TEST(Timer, OneThatIsQueuedAlreadyCanStillBeCancelled) {
  boost::asio::io_context io{1};
  Timer first(io);
  auto second = std::make_unique<Timer>(io);
  Timer third(io);
  std::vector<int> fired;
  first.after(Duration{0}, [&] {
    fired.push_back(1);
    second.reset();
    third.cancel();
  });
  second->after(Duration{0}, [&] { fired.push_back(2); });
  third.after(Duration{0}, [&] { fired.push_back(3); });
  ::poll(nullptr, 0, 2);
  io.run();
  EXPECT_THAT(fired, ElementsAre(1));
}

TEST(Timer, MaySetItselfAgain) {
  boost::asio::io_context io{1};
  Timer timer(io);
  int fired = 0;
  std::function<void()> again = [&] {
    if (++fired < 3) timer.after(std::chrono::milliseconds(1), again);
  };
  timer.after(std::chrono::milliseconds(1), again);
  io.run();
  EXPECT_EQ(fired, 3);
}

}  // namespace
}  // namespace pelton::thread
