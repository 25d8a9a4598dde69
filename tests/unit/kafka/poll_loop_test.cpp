// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/client/poll_loop.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace pelton::kafka {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(PollLoop, CallsRunInTheirOrderOnTheThreadThatTurns) {
  PollLoop loop;
  std::vector<int> ran;
  loop.post([&] { ran.push_back(1); });
  loop.post([&] {
    ran.push_back(2);
    loop.post([&] { ran.push_back(3); });
  });
  loop.turn(0ms);
  EXPECT_THAT(ran, ElementsAre(1, 2)) << "what a call posts has its turn later";
  loop.turn(0ms);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
}

TEST(PollLoop, WhatIsAddedIsServedUntilItIsRemoved) {
  PollLoop loop;
  int served = 0;
  loop.add(&served, [&] {
    ++served;
    return false;
  });
  loop.turn(0ms);
  loop.turn(0ms);
  EXPECT_EQ(served, 2);
  loop.remove(&served);
  loop.turn(0ms);
  EXPECT_EQ(served, 2);
}

TEST(PollLoop, OneThatHasMoreIsServedAgainWithoutAWait) {
  PollLoop loop;
  int left = 3;
  loop.add(&left, [&] { return --left > 0; });
  const auto begun = std::chrono::steady_clock::now();
  loop.turn(10s);
  loop.turn(10s);
  EXPECT_EQ(left, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST(PollLoop, APostEndsTheWait) {
  PollLoop loop;
  loop.start();
  std::promise<std::thread::id> ran;
  loop.post([&] { ran.set_value(std::this_thread::get_id()); });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
  loop.stop();
}

TEST(PollLoop, RunWaitsForTheLoopsThread) {
  PollLoop loop;
  loop.start();
  std::thread::id on;
  loop.run([&] { on = std::this_thread::get_id(); });
  EXPECT_NE(on, std::thread::id{});
  EXPECT_NE(on, std::this_thread::get_id());
  bool nested = false;
  loop.run([&] { loop.run([&] { nested = true; }); });
  EXPECT_TRUE(nested) << "on the loop's own thread it is a plain call";
  loop.stop();
}

TEST(PollLoop, RunWithoutAThreadIsAPlainCall) {
  PollLoop loop;
  std::thread::id on;
  loop.run([&] { on = std::this_thread::get_id(); });
  EXPECT_EQ(on, std::this_thread::get_id());
  loop.start();
  loop.stop();
  on = {};
  loop.run([&] { on = std::this_thread::get_id(); });
  EXPECT_EQ(on, std::this_thread::get_id());
}

TEST(PollLoop, WhoeverWaitsWhileItStopsIsAnswered) {
  for (int round = 0; round < 200; ++round) {
    PollLoop loop;
    loop.start();
    std::atomic<int> ran{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; ++i)
      callers.emplace_back([&] {
        for (int n = 0; n < 20; ++n) loop.run([&] { ++ran; });
      });
    loop.stop();
    for (std::thread& caller : callers) caller.join();
    ASSERT_EQ(ran, 80);
  }
}

TEST(PollLoop, CallsPostedAfterItsEndAreDroppedAtOnce) {
  PollLoop loop;
  loop.start();
  loop.stop();
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> left = owned;
  loop.post([owned = std::move(owned)] {});
  EXPECT_TRUE(left.expired());
}

TEST(PollLoop, CallsThatWereNotRunGoWithIt) {
  auto owned = std::make_shared<int>(1);
  std::weak_ptr<int> left = owned;
  {
    PollLoop loop;
    loop.post([owned = std::move(owned)] {});
  }
  EXPECT_TRUE(left.expired());
}

TEST(PollLoop, ItsEndWaitsForTheBackgroundAndDoesWhatThatPosts) {
  PollLoop loop;
  loop.start();
  std::promise<void> go;
  bool posted = false;
  loop.background().run([&loop, &posted, may = go.get_future()]() mutable {
    may.wait();
    loop.post([&posted] { posted = true; });
  });
  std::thread ends([&] { loop.stop(); });
  while (!loop.background().finishing()) std::this_thread::yield();
  go.set_value();
  ends.join();
  EXPECT_TRUE(posted);
}

TEST(BackgroundCalls, NobodyWaitsForACall) {
  BackgroundCalls calls;
  std::promise<void> go;
  std::promise<std::thread::id> ran;
  calls.run([&ran, may = go.get_future()]() mutable {
    may.wait();
    ran.set_value(std::this_thread::get_id());
  });
  go.set_value();
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
}

TEST(BackgroundCalls, WhatACallOwnsGoesWithIt) {
  BackgroundCalls calls;
  std::promise<void> gone;
  struct Tell {
    std::promise<void>& gone;
    ~Tell() { gone.set_value(); }
  };
  calls.run([tell = std::make_unique<Tell>(gone)] {});
  gone.get_future().wait();
}

TEST(BackgroundCalls, AfterTheEndTheCallerDoesIt) {
  BackgroundCalls calls;
  calls.finish();
  std::thread::id ran;
  calls.run([&] { ran = std::this_thread::get_id(); });
  EXPECT_EQ(ran, std::this_thread::get_id());
}

}  // namespace
}  // namespace pelton::kafka
