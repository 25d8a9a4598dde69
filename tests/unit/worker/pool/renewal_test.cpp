// SPDX-License-Identifier: Apache-2.0
// New code for a pool that runs.
#include "engine/worker/pool/worker_pool.h"
#include "tests/unit/worker/pool/pool_fixture.h"

namespace pelton::worker {
namespace {

TEST_F(PoolFixture, RenewedWorkersReadTheNewCode) {
  python("def handle(event, context):\n    return 'old'\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  python("def handle(event, context):\n    return 'new one'\n");
  EXPECT_EQ(renewed(), 1U);
  give({"2"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
  EXPECT_EQ(source.results.back().outputs->data(0), "new one");
  EXPECT_TRUE(source.losses.empty());
}

TEST_F(PoolFixture, NewCodeThatCannotStartLeavesTheOldWorkersTheirWork) {
  python("def handle(event, context):\n    return 'old'\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  python("def handle(event, context)\n");
  const auto ended = renewed();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, "E3001");
  EXPECT_NE(ended.error().message.find("SyntaxError"), std::string::npos) << ended.error().message;
  give({"2"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
  EXPECT_EQ(source.results.back().outputs->data(0), "old");
  EXPECT_EQ(pool->stats().start_error, std::nullopt) << "the function has its worker";
  python("def handle(event, context):\n    return 'new'\n");
  EXPECT_EQ(renewed(), 1U);
}

TEST_F(PoolFixture, ALaterRenewalTakesThePlaceOfOneThatWaits) {
  python("def handle(event, context): return 'old'\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  python("import time\nprint('waits', flush=True)\ntime.sleep(1000)\n");
  std::optional<Result<std::size_t>> one, other;
  pool->renew([&](Result<std::size_t> ended) { one = std::move(ended); });
  ASSERT_TRUE(run_until([&] { return lines_text().find("waits") != std::string::npos; }));
  python("def handle(event, context): return 'new'\n");
  pool->renew([&](Result<std::size_t> ended) { other = std::move(ended); });
  ASSERT_TRUE(one && !*one);
  EXPECT_EQ(one->error().code, "E5060");
  ASSERT_TRUE(run_until([&] { return other.has_value() && pool->stats().workers.size() == 1; }));
  EXPECT_EQ(*other, 1U);
  EXPECT_EQ(pool->stats().start_failures, 0U);
  give({"2"});
  ASSERT_TRUE(run_until([&] { return source.done == 2; }));
  EXPECT_EQ(source.results.back().outputs->data(0), "new");
}

TEST_F(PoolFixture, APoolThatStopsAnswersItsRenewal) {
  python("def handle(event, context): pass\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return source.done == 1; }));
  std::optional<Result<std::size_t>> ended;
  pool->renew([&](Result<std::size_t> how) { ended = std::move(how); });
  bool stopped = false;
  pool->stop(std::chrono::steady_clock::now() + std::chrono::seconds(30), [&] { stopped = true; });
  ASSERT_TRUE(run_until([&] { return stopped; }));
  ASSERT_TRUE(ended && !*ended);
  EXPECT_EQ(ended->error().code, "E5013");
}

TEST_F(PoolFixture, RenewingWaitsForNoBackoff) {
  python("import no_such_module\n");
  start();
  give({"1"});
  ASSERT_TRUE(run_until([&] { return pool->stats().start_failures == 3; })) << lines_text();
  ASSERT_EQ(pool->stats().started, 3U) << "the next one waits";
  python("def handle(event, context): pass\n");
  EXPECT_EQ(renewed(), 0U) << "there was none";
  EXPECT_EQ(pool->stats().started, 4U);
  ASSERT_TRUE(run_until([&] { return source.done == 1; })) << lines_text();
  EXPECT_EQ(pool->stats().start_error, std::nullopt);
}

}  // namespace
}  // namespace pelton::worker
