// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/switchover.h"

#include "engine/worker/runtimes/native/options.h"
#include "tests/contract/temporary_folder.h"

#include <gtest/gtest.h>

#include <future>

namespace pelton::runtime {
namespace {

// An engine without an end: store, shard and what is built for it.
class SwitchoverTest : public ::testing::Test {
 protected:
  SwitchoverTest() {
    config.engine.data = folder.path() / "data";
    config.streams.emplace_back().name = "s";
    config.functions.emplace_back().name = "f";
    config.functions.back().runtime = "cpp";
    config.functions.back().settings = worker::native::CppOptions{"/bin/true"};
    config.bindings = {binding("b")};
    store = std::move(*open_store(config, memory));
    streams = std::make_unique<stream::EmbeddedStreams>(*store);
    shard = std::make_unique<Shard>(*store, memory, clock);
    topics = std::make_unique<stream::TopicAccess>(kafka, *shard);
    assembly = std::make_unique<Assembly>(
        Assembly{{}, clock, memory, *store, *shard, *streams, kafka, letters, *topics, {}});
    switchover = std::make_unique<Switchover>(
        Switchover::Setup{*assembly, known, sources, ending, stopping});
  }
  // As the engine does: answers of the store find a shard.
  ~SwitchoverTest() override {
    shard->stop();
    store.reset();
  }

  static config::Binding binding(const std::string& name) {
    config::Binding binding = config::default_binding(name);
    binding.from = "s";
    binding.function = "f";
    return binding;
  }
  void begin() {
    ASSERT_TRUE(switchover->begin(config));
    shard->start();
    switchover->begin_sources();
  }
  Status change(const config::Config& after) {
    const config::Plan plan = config::plan(config, after, {});
    return switchover->change(config, after, changeover(config, after, plan),
                              std::chrono::steady_clock::now() + std::chrono::seconds(10), broken);
  }
  // The attempts that a binding that runs makes; 0: there is none.
  std::uint32_t attempts(const std::string& name) {
    std::promise<std::uint32_t> answer;
    shard->post([&] {
      BindingRunner* const runner = shard->find_binding(name);
      answer.set_value(runner == nullptr ? 0
                                         : runner->dispatcher().options().delivery.retry.attempts);
    });
    return answer.get_future().get();
  }
  // What the store has of a binding that is not there yet contradicts its stream.
  void damage(const std::string& name) {
    model::Transaction transaction;
    transaction.progress.push_back({*store->binding_id(name),
                                    {*store->find_stream("s"), PartitionId{0}},
                                    {.settled = 99, .completed = {}}});
    ASSERT_TRUE(
        store->submit_and_wait(std::move(transaction), store::Origin::engine,
                               std::chrono::steady_clock::now() + std::chrono::seconds(10)));
  }

  test::TemporaryFolder folder;
  SystemClock clock;
  MemoryBudget memory{256U << 20};
  config::Config config;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<stream::EmbeddedStreams> streams;
  dead_letters::KnownBindings known;
  kafka::PollLoop kafka;
  dead_letters::DeadLetters letters{kafka};
  std::unique_ptr<stream::TopicAccess> topics;
  std::unique_ptr<Assembly> assembly;
  std::unique_ptr<Shard> shard;
  Sources sources;
  std::atomic<bool> ending{false};
  std::atomic<bool> stopping{false};
  std::unique_ptr<Switchover> switchover;
  bool broken = false;
};

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
