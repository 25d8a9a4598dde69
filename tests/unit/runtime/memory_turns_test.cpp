// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/memory_turns.h"

#include "engine/stream/embedded/embedded_input.h"
#include "tests/unit/runtime/binding_fixture.h"

#include <boost/asio/executor_work_guard.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace pelton::runtime {
namespace {

class MemoryTurnsTest : public ::testing::Test {
 protected:
  class Binding final : public MemoryTurns::Taker {
   public:
    Binding(std::string name, std::vector<std::string>& called)
        : name_(std::move(name)), called_(called) {}
    void your_turn(PartitionId partition) override {
      called_.push_back(name_ + std::to_string(partition.value));
    }
    void room_again() override { called_.push_back(name_ + " has room"); }

   private:
    const std::string name_;
    std::vector<std::string>& called_;
  };

  // All but a little is taken.
  void fill() { memory.claim(MemoryUse::unsettled, kLimit); }
  void empty() {
    memory.give_back(MemoryUse::unsettled, kLimit);
    turns.give();
  }
  // Its turn, whether it is answered so or called later, stands in called().
  bool ask(Binding& who, std::uint32_t partition) {
    const bool begins = turns.may_begin(who, PartitionId{partition});
    if (begins) who.your_turn(PartitionId{partition});
    return begins;
  }
  std::vector<std::string> called() { return std::exchange(called_, {}); }
  using Names = std::vector<std::string>;

  static constexpr std::uint64_t kLimit = 1600;
  static constexpr std::uint64_t kLarge = 1000;  // more than may be held beyond the limit
  MemoryBudget memory{kLimit};
  MemoryTurns turns{memory};
  std::vector<std::string> called_;
  Binding a{"a", called_}, b{"b", called_};
};

TEST_F(MemoryTurnsTest, WithRoomNobodyWaits) {
  EXPECT_TRUE(turns.room());
  fill();
  EXPECT_FALSE(turns.room());
}

TEST_F(MemoryTurnsTest, WhoIsAnsweredIsNotCalledAsWell) {
  fill();
  EXPECT_TRUE(turns.may_begin(a, PartitionId{0}));
  EXPECT_EQ(called(), Names{});
}

TEST_F(MemoryTurnsTest, WithoutRoomOneReadsAtATime) {
  fill();
  EXPECT_TRUE(ask(a, 0));
  EXPECT_FALSE(ask(a, 1)) << "the first is still reading";
  EXPECT_FALSE(ask(b, 0));
  turns.holds(a, PartitionId{0}, kLarge, true);
  EXPECT_EQ(called(), Names{"a0"}) << "it holds more than all together may";
  turns.end(a, PartitionId{0});
  EXPECT_EQ(called(), Names{"a1"});
}

TEST_F(MemoryTurnsTest, SmallBatchesOfManyAreHeldTogether) {
  fill();
  for (std::uint32_t p = 0; p < 10; ++p) ask(a, p);
  for (std::uint32_t p = 0; p < 10; ++p) turns.holds(a, PartitionId{p}, 30, true);
  EXPECT_EQ(called(), (Names{"a0", "a1", "a2", "a3"})) << "100 bytes, and the batch beyond";
}

TEST_F(MemoryTurnsTest, BindingsTakeTurnsHoweverManyPartitionsTheyHave) {
  fill();
  for (std::uint32_t p = 0; p < 4; ++p) ask(a, p);
  for (std::uint32_t p = 0; p < 2; ++p) ask(b, p);
  Names order;
  for (Names given = called(); !given.empty(); given = called()) {
    ASSERT_EQ(given.size(), 1U);
    order.push_back(given[0]);
    turns.end(given[0][0] == 'a' ? a : b,
              PartitionId{static_cast<std::uint32_t>(given[0][1] - '0')});
  }
  EXPECT_EQ(order, (Names{"a0", "a1", "b0", "a2", "b1", "a3"}));
}

TEST_F(MemoryTurnsTest, WithRoomAgainAllReadOneAfterTheOther) {
  fill();
  for (std::uint32_t p = 0; p < 3; ++p) ask(a, p);
  turns.holds(a, PartitionId{0}, kLarge, true);
  EXPECT_EQ(called(), Names{"a0"});
  empty();
  EXPECT_EQ(called(), Names{"a1"});
  EXPECT_FALSE(turns.room()) << "somebody waits";
  turns.holds(a, PartitionId{1}, kLarge, true);
  EXPECT_EQ(called(), Names{"a2"});
  turns.holds(a, PartitionId{2}, kLarge, true);
  EXPECT_TRUE(turns.room());
}

TEST_F(MemoryTurnsTest, WhoWasRefusedMoreIsCalledOnceNobodyWaits) {
  fill();
  ask(a, 0);
  ask(b, 0);
  turns.call_when_room(a);
  turns.end(a, PartitionId{0});
  EXPECT_EQ(called(), (Names{"a0", "b0"}));
  empty();
  EXPECT_EQ(called(), Names{"a has room"});
  turns.end(b, PartitionId{0});
  EXPECT_TRUE(called().empty()) << "once";
}

// A function without workers keeps nobody from reading for long.
TEST_F(MemoryTurnsTest, ATurnOnWhichNobodyWorksIsTakenBack) {
  fill();
  ask(a, 0);
  ask(b, 0);
  turns.take_back_idle();
  turns.take_back_idle();
  EXPECT_EQ(called(), Names{"a0"}) << "it reads";
  turns.holds(a, PartitionId{0}, kLarge, true);
  turns.take_back_idle();
  turns.take_back_idle();
  EXPECT_TRUE(called().empty()) << "a worker has it";
  turns.holds(a, PartitionId{0}, kLarge, false);
  turns.take_back_idle();
  EXPECT_TRUE(called().empty()) << "only for a moment, perhaps";
  turns.take_back_idle();
  EXPECT_EQ(called(), Names{"b0"});
}

TEST_F(MemoryTurnsTest, WhoLeavesKeepsNobodyWaiting) {
  fill();
  ask(a, 0);
  ask(a, 1);
  ask(b, 0);
  turns.leave(a);
  EXPECT_EQ(called(), (Names{"a0", "b0"}));
  EXPECT_EQ(turns.of(b), std::vector{PartitionId{0}});
  EXPECT_TRUE(turns.of(a).empty());
}

TEST_F(MemoryTurnsTest, WhoAsksTwiceWaitsOnce) {
  fill();
  ask(a, 0);
  ask(b, 0);
  ask(b, 0);
  turns.end(a, PartitionId{0});
  turns.end(b, PartitionId{0});
  EXPECT_EQ(called(), (Names{"a0", "b0"}));
}

// Many bindings read a stream of many partitions, and each event is larger than the whole limit.
class ManyBindings : public store::StoreFixture {
 protected:
  ManyBindings() {
    stream.partitions = kPartitions;
    options.tail_bytes = 0;
    options.memory = &memory;
    open();
    for (std::uint32_t i = 0; i < kEvents; ++i)
      if (!append({std::string(kEvent, 'x')}, i % kPartitions))
        throw std::runtime_error("not stored");
    memory.on_room([this] {
      mailbox.post([this] {
        turns.give();
        for (const auto& runner : runners) runner->feed_all();
      });
    });
    for (std::size_t i = 0; i < kBindings; ++i) add("b" + std::to_string(i));
  }
  void TearDown() override {
    reader.stop();
    runners.clear();
    store::StoreFixture::TearDown();
  }
  void add(const std::string& name) {
    BindingRunner::Setup setup;
    setup.dispatcher.id = *store->binding_id(name);
    setup.dispatcher.binding = name;
    setup.dispatcher.stream = "s";
    setup.dispatcher.stream_id = at().stream;
    setup.dispatcher.memory = &memory;
    setup.turns = &turns;
    config::Start start;
    start.kind = config::Start::Kind::earliest;
    auto input = std::make_unique<stream::EmbeddedInput>(
        stream::EmbeddedInput::Setup{setup.dispatcher.id, at().stream, "s", name, kPartitions,
                                     start, &memory},
        *store, feed, mailbox, reader);
    stream::EmbeddedInput& all = *input;
    runners.push_back(std::make_unique<BindingRunner>(
        std::move(setup), stream::BindingInput{std::move(input), all, all}, *store, io, clock));
    if (!runners.back()->open()) throw std::runtime_error("not opened");
  }
  // Whether the worker of the binding had something to do.
  static bool work(BindingRunner& runner) {
    const auto frame = runner.pull(WorkerId{1}, {1, 1U << 20});
    if (!frame) return false;
    model::FrameResult result;
    result.count = static_cast<std::uint32_t>(frame->batch->size());
    EXPECT_TRUE(runner.finished(WorkerId{1}, frame->id, std::move(result)));
    return true;
  }
  // All but the first `idle` bindings have a worker, until these have settled everything.
  void work_all(std::size_t idle) {
    for (const auto& runner : runners) runner->start();
    reader.start();
    const auto guard = boost::asio::make_work_guard(io);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
    while (done < (kBindings - idle) * kEvents && std::chrono::steady_clock::now() < deadline) {
      if (io.run_one_for(std::chrono::milliseconds(200)) == 0) turns.take_back_idle();
      look();
      for (std::size_t i = idle; i < runners.size(); ++i)
        while (work(*runners[i])) ++done;
    }
  }
  void look() {
    held = std::max(held,
                    memory.claimed(MemoryUse::unsettled) + memory.claimed(MemoryUse::read_ahead));
  }

  static constexpr std::uint32_t kPartitions = 8;
  static constexpr std::size_t kBindings = 32;
  static constexpr std::uint32_t kEvents = 16;
  static constexpr std::size_t kEvent = 1'000'000;
  MemoryBudget memory{128U << 10};
  MemoryTurns turns{memory};
  boost::asio::io_context io;
  thread::Mailbox mailbox{io};
  stream::AppendFeed feed{mailbox, &memory};
  thread::JobThread reader;
  ManualClock clock;
  std::vector<std::unique_ptr<BindingRunner>> runners;
  std::uint64_t held = 0, done = 0;
};

TEST_F(ManyBindings, SettleEventsLargerThanTheLimitAndHoldTwo) {
  work_all(0);
  EXPECT_EQ(done, kBindings * kEvents);
  EXPECT_LT(held, memory.limit() + 2 * (kEvent + 10'000));
}

// Their events stay for good: one of each of these bindings, which then wait for their workers.
TEST_F(ManyBindings, AreNotStoppedByThoseWithoutWorkers) {
  constexpr int kIdle = 2;
  work_all(kIdle);
  EXPECT_EQ(done, (kBindings - kIdle) * kEvents);
  EXPECT_LT(held, memory.limit() + (2 + kIdle) * (kEvent + 10'000));
}

}  // namespace
}  // namespace pelton::runtime
