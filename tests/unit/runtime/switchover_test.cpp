// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/runtime/engine_parts.h"

namespace pelton::runtime {
namespace {

using SwitchoverTest = EngineParts;

TEST_F(SwitchoverTest, ABindingGetsItsNewOptions) {
  begin();
  config::Config after = config;
  after.bindings[0].delivery.retry.attempts = 9;
  after.bindings.push_back(binding("other"));
  ASSERT_TRUE(change(after));
  EXPECT_EQ(attempts("b"), 9U);
  EXPECT_EQ(attempts("other"), 5U);
  EXPECT_NE(known.find("other"), nullptr);
}

TEST_F(SwitchoverTest, WhatIsRemovedIsGone) {
  config.bindings.push_back(binding("other"));
  begin();
  config::Config after = config;
  after.bindings.pop_back();
  ASSERT_TRUE(change(after));
  EXPECT_EQ(attempts("other"), 0U);
  EXPECT_EQ(attempts("b"), 5U);
  EXPECT_EQ(known.find("other"), nullptr);
}

// The old binding has gone already when the new one turns out to be damaged.
TEST_F(SwitchoverTest, WhenOneCannotBePutInServiceTheOldOnesRunAgain) {
  begin();
  damage("other");
  config::Config after = config;
  after.bindings[0].delivery.retry.attempts = 9;
  after.bindings.push_back(binding("other"));
  after.streams[0].partitions = 3;
  const Status done = change(after);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "E4301");
  EXPECT_FALSE(broken);
  EXPECT_EQ(attempts("b"), 5U);
  EXPECT_EQ(attempts("other"), 0U);
  EXPECT_EQ(known.find("other"), nullptr);
  // It takes another change.
  config::Config good = config;
  good.streams[0].partitions = 3;
  good.bindings[0].delivery.retry.attempts = 7;
  ASSERT_TRUE(change(good));
  EXPECT_EQ(attempts("b"), 7U);
}

TEST_F(SwitchoverTest, AFunctionThatDoesNotStartStopsNothing) {
  begin();
  config::Config after = config;
  after.functions[0].timeout = std::chrono::seconds(7);
  const Status done = change(after);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "E3001");
  EXPECT_EQ(attempts("b"), 5U);
}

TEST_F(SwitchoverTest, NothingStartsOnceTheEngineEnds) {
  begin();
  ending = true;
  config::Config after = config;
  after.bindings[0].delivery.retry.attempts = 9;
  const Status done = change(after);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, "E5013");
  EXPECT_EQ(attempts("b"), 0U);
}

}  // namespace
}  // namespace pelton::runtime
