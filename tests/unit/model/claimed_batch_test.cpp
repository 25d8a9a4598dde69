// SPDX-License-Identifier: Apache-2.0
#include "engine/model/claimed_batch.h"

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace pelton::model {
namespace {

class ClaimedBatchTest : public testing::Test {
 protected:
  ClaimedBatchTest() {
    BatchBuilder builder;
    EventView event;
    event.data = "some data";
    builder.add(event);
    batch = builder.finish();
  }
  ClaimedBatch hold(MemoryUse use) { return {batch, &budget, use}; }
  // The uses that the batch is claimed for, each with how often.
  std::string claims() const {
    std::string text;
    for (const MemoryUse use : kMemoryUses)
      if (budget.claimed(use) > 0)
        text += fmt::format("{}{}", to_string(use), budget.claimed(use) / batch->memory());
    return text;
  }

  MemoryBudget budget{MemoryBudget::kLeast};
  BatchPtr batch;
};

TEST_F(ClaimedBatchTest, AClaimEndsWithItsHolder) {
  {
    const auto held = hold(MemoryUse::unsettled);
    EXPECT_EQ(claims(), "unsettled1");
  }
  EXPECT_EQ(claims(), "");
}

TEST_F(ClaimedBatchTest, HoldersShareOneClaim) {
  auto first = hold(MemoryUse::unsettled);
  auto second = hold(MemoryUse::unsettled);
  EXPECT_EQ(claims(), "unsettled1");
  first.reset();
  EXPECT_EQ(claims(), "unsettled1");
  second.reset();
  EXPECT_EQ(claims(), "");
}

TEST_F(ClaimedBatchTest, TheUseThatNeedsItMostPays) {
  auto tail = hold(MemoryUse::tail);
  EXPECT_EQ(claims(), "tail1");
  auto ahead = hold(MemoryUse::read_ahead);
  EXPECT_EQ(claims(), "read_ahead1");
  auto unsettled = hold(MemoryUse::unsettled);
  EXPECT_EQ(claims(), "unsettled1");
  auto kafka = hold(MemoryUse::kafka);
  EXPECT_EQ(claims(), "unsettled1");
  ahead.reset();
  EXPECT_EQ(claims(), "unsettled1");
  unsettled.reset();
  EXPECT_EQ(claims(), "kafka1");
  kafka.reset();
  EXPECT_EQ(claims(), "tail1");
  tail.reset();
  EXPECT_EQ(claims(), "");
}

TEST_F(ClaimedBatchTest, AMovedClaimIsTheSame) {
  auto held = hold(MemoryUse::kafka);
  ClaimedBatch moved = std::move(held);
  EXPECT_EQ(claims(), "kafka1");
  moved = ClaimedBatch{};
  EXPECT_EQ(claims(), "");
}

TEST_F(ClaimedBatchTest, WithoutABudgetNothingIsClaimed) {
  const ClaimedBatch held(batch, nullptr, MemoryUse::unsettled);
  EXPECT_EQ(held->size(), 1U);
  EXPECT_EQ(claims(), "");
}

TEST_F(ClaimedBatchTest, ThreadsThatComeAndGoLeaveNothingBehind) {
  std::vector<std::thread> threads;
  for (const MemoryUse use : {MemoryUse::unsettled, MemoryUse::read_ahead, MemoryUse::tail})
    threads.emplace_back([this, use] {
      for (int i = 0; i < 20'000; ++i) const auto held = hold(use);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(claims(), "");
  const auto held = hold(MemoryUse::tail);
  EXPECT_EQ(claims(), "tail1");
}

}  // namespace
}  // namespace pelton::model
