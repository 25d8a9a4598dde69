// SPDX-License-Identifier: Apache-2.0
// What a pool tells of the use of its workers.
#include "tests/unit/worker/pool/pool_fixture.h"

namespace pelton::worker {
namespace {

class Metering : public PoolFixture {
 protected:
  Metering() {
    options.used = [this](const FrameSource* from, const model::Usage& usage) {
      used[from].add(usage);
    };
    function.scale.max = 1;
  }
  std::map<const FrameSource*, model::Usage> used;
};

TEST_F(Metering, SleepIsBilledToTheSourceThatCausedIt) {
  python("import time\ndef handle(event, context): time.sleep(float(event.data))\n");
  start();
  give({"0.05"});
  give_second({"0"});
  ASSERT_TRUE(run_until([&] { return source.done == 1 && second.done == 1; }));
  const model::Usage& slow = used[&source];
  EXPECT_EQ(slow.invocations, 1U);
  EXPECT_EQ(slow.events, 1U);
  EXPECT_EQ(slow.failed, 0U);
  EXPECT_GE(slow.busy, std::chrono::milliseconds(50));
  EXPECT_GE(slow.billed_ms, 50U);
  EXPECT_EQ(used[&second].invocations, 1U);
  EXPECT_GE(used[&second].billed_ms, 1U) << "rounded up";
  EXPECT_EQ(slow.cold_starts, 0U) << "starts belong to no source";
  EXPECT_EQ(used[nullptr].cold_starts, 1U);
  EXPECT_GT(used[nullptr].starting.count(), 0);
  EXPECT_EQ(used[nullptr].invocations, 0U);
}

TEST_F(Metering, FailuresAreCounted) {
  python("def handle(event, context): raise ValueError('no')\n");
  start();
  give({"1", "2", "3"});
  ASSERT_TRUE(run_until([&] { return source.done == 3; }));
  EXPECT_EQ(used[&source].events, 3U);
  EXPECT_EQ(used[&source].failed, 3U);
}

TEST_F(Metering, ATimeoutHasUsedItsTime) {
  function.timeout = std::chrono::milliseconds(300);
  python("import time\ndef handle(event, context): time.sleep(60)\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.losses.size() == 1; }));
  EXPECT_EQ(used[&source].invocations, 1U);
  EXPECT_EQ(used[&source].failed, 1U);
  EXPECT_GE(used[&source].billed_ms, 300U);
}

TEST_F(Metering, WhatTheEngineEndsItselfIsNotCharged) {
  python("import time\ndef handle(event, context): time.sleep(60)\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.out.size() == 1; }));
  ASSERT_TRUE(stop(std::chrono::milliseconds(0)));
  EXPECT_EQ(used[&source].invocations, 0U);
}

}  // namespace
}  // namespace pelton::worker
