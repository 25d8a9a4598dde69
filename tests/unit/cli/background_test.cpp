// SPDX-License-Identifier: Apache-2.0
#include "engine/cli/background.h"

#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <functional>
#include <latch>
#include <optional>
#include <string>
#include <vector>

namespace pelton::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class InBackground : public testing::Test {
 protected:
  void SetUp() override {
    background_.emplace();
    ASSERT_TRUE(background_->open());
  }
  // Waits until something has ended.
  bool ended(int patience = 20'000) {
    pollfd ready{background_->fd(), POLLIN, 0};
    return ::poll(&ready, 1, patience) > 0;
  }
  void finish_all(std::size_t count) {
    while (done_.size() < count && ended()) background_->finish();
  }
  void begin(
      const std::string& name, std::function<void()> work = [] {}) {
    background_->begin([this, name, work = std::move(work)]() -> Background::Rest {
      work();
      return [this, name] { done_.push_back(name); };
    });
  }

  std::optional<Background> background_;
  std::vector<std::string> done_;
};

TEST_F(InBackground, NothingIsReadyWithoutWork) {
  EXPECT_FALSE(ended(0));
  background_->finish();
  EXPECT_THAT(done_, IsEmpty());
}

TEST_F(InBackground, TheRestIsDoneByItsOwner) {
  const auto owner = std::this_thread::get_id();
  std::thread::id worker, rest;
  background_->begin([&]() -> Background::Rest {
    worker = std::this_thread::get_id();
    return [&] { rest = std::this_thread::get_id(); };
  });
  ASSERT_TRUE(ended());
  background_->finish();
  EXPECT_NE(worker, owner);
  EXPECT_EQ(rest, owner);
  EXPECT_FALSE(ended(0)) << "it is told once";
}

TEST_F(InBackground, WhatEndsFirstIsFinishedFirst) {
  std::latch go(1);
  begin("slow", [&] { go.wait(); });
  begin("fast");
  finish_all(1);
  EXPECT_THAT(done_, ElementsAre("fast"));
  go.count_down();
  finish_all(2);
  EXPECT_THAT(done_, ElementsAre("fast", "slow"));
}

TEST_F(InBackground, TheRestMayBeginMore) {
  background_->begin([this]() -> Background::Rest { return [this] { begin("second"); }; });
  finish_all(1);
  EXPECT_THAT(done_, ElementsAre("second"));
}

TEST_F(InBackground, SeveralAtATimeAreAllFinished) {
  std::latch all(3);
  for (const char* name : {"a", "b", "c"}) begin(name, [&] { all.arrive_and_wait(); });
  finish_all(3);
  EXPECT_THAT(done_, UnorderedElementsAre("a", "b", "c"));
}

TEST_F(InBackground, WhatIsUnderWayIsWaitedForAtTheEnd) {
  std::atomic<bool> ran = false;
  std::latch begun(1);
  begin("last", [&] {
    begun.count_down();
    ran = true;
  });
  begun.wait();
  background_.reset();
  EXPECT_TRUE(ran);
  EXPECT_THAT(done_, IsEmpty()) << "nobody is there to do the rest";
}

}  // namespace
}  // namespace pelton::cli
