// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/sink_host.h"

#include "engine/model/batch_builder.h"
#include "tests/unit/connector/wait_until.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace pelton::connector {
namespace {

using namespace std::chrono_literals;
using model::OutcomeCode;
using test::wait_until;
using Failures = std::vector<SinkFailure>;

// What a sink does and was asked; outlives the host.
struct SinkWorld {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Status> connects;
  std::deque<Result<Failures>> writes;  // given out first, then success
  std::vector<std::string> calls;
  std::vector<std::string> places;  // of the writes, as far as they tell a sink what it has had
  bool hurried = false;
  bool blocked = false;  // writes wait

  void block(bool on) {
    std::lock_guard lock(mutex);
    blocked = on;
    changed.notify_all();
  }
  std::ptrdiff_t count(const std::string& call) {
    std::lock_guard lock(mutex);
    return std::ranges::count(calls, call);
  }
};

class FakeSink final : public Sink {
 public:
  explicit FakeSink(SinkWorld& world) : world_(world) {}

  Status connect() override {
    std::lock_guard lock(world_.mutex);
    world_.calls.emplace_back("connect");
    if (world_.connects.empty()) return {};
    Status status = world_.connects.front();
    world_.connects.pop_front();
    return status;
  }
  Result<Failures> write(const model::Batch&, const SinkPosition& position) override {
    std::unique_lock lock(world_.mutex);
    world_.calls.push_back("write " + std::to_string(position.base));
    world_.places.push_back(
        fmt::format("{} {} {}", position.lineage, position.letter, position.settled));
    world_.changed.wait(lock, [&] { return !world_.blocked; });
    if (world_.writes.empty()) return Failures{};
    Result<Failures> result = std::move(world_.writes.front());
    world_.writes.pop_front();
    return result;
  }
  void close() override {
    std::lock_guard lock(world_.mutex);
    world_.calls.emplace_back("close");
  }
  void hurry() override {
    std::lock_guard lock(world_.mutex);
    world_.hurried = true;
    world_.blocked = false;
    world_.changed.notify_all();
  }

 private:
  SinkWorld& world_;
};

class SinkHostTest : public testing::Test {
 protected:
  void start() {
    host_.emplace(SinkHost::Setup{.name = "outbox",
                                  .sink = std::make_unique<FakeSink>(world_),
                                  .finished =
                                      [this](FrameId id, model::FrameResult&& result) {
                                        std::lock_guard lock(world_.mutex);
                                        results_.emplace_back(id.value, std::move(result));
                                      },
                                  .returned =
                                      [this](FrameId id) {
                                        std::lock_guard lock(world_.mutex);
                                        returned_.push_back(id.value);
                                      },
                                  .report = {},
                                  .pacing = {1ms, 4ms}});
    host_->start();
  }
  // A frame of four events with keys a, a, b, b, at offset `base`.
  model::Frame frame(std::uint64_t id, Offset base = 0, model::Order order = model::Order::key) {
    model::BatchBuilder builder;
    for (const char* key : {"a", "a", "b", "b"}) {
      model::EventView event;
      event.key = key;
      event.has_key = true;
      event.data = "12345";
      builder.add(event);
    }
    model::Frame frame;
    frame.id = FrameId{id};
    frame.stream = "stream";
    frame.base = base;
    frame.order = order;
    frame.batch = builder.finish();
    return frame;
  }
  bool answered(std::size_t count) {
    return wait_until([&] {
      std::lock_guard lock(world_.mutex);
      return results_.size() >= count;
    });
  }
  model::FrameResult answer_to(Result<Failures> written, model::Order order) {
    world_.writes.push_back(std::move(written));
    start();
    EXPECT_TRUE(host_->offer(frame(1, 0, order)));
    EXPECT_TRUE(answered(1));
    return results_.at(0).second;
  }

  SinkWorld world_;
  std::vector<std::pair<std::uint64_t, model::FrameResult>> results_;
  std::vector<std::uint64_t> returned_;
  std::optional<SinkHost> host_;
};

TEST_F(SinkHostTest, AWrittenFrameIsAnsweredWhole) {
  const auto result = answer_to(Failures{}, model::Order::key);
  EXPECT_EQ(result.first, 0U);
  EXPECT_EQ(result.count, 4U);
  EXPECT_TRUE(result.not_done.empty());
  EXPECT_EQ(host_->snapshot().events, 4U);
  EXPECT_EQ(host_->snapshot().bytes, 20U);
}

TEST_F(SinkHostTest, FailuresBecomeOutcomesByTheirKind) {
  const auto result = answer_to(Failures{{3, {ErrorKind::overloaded, "", "waits"}},
                                         {0, {ErrorKind::invalid, "E2020", "bad name"}},
                                         {1, {ErrorKind::overloaded, "", "waits"}},
                                         {2, {ErrorKind::unavailable, "E2024", "no permission"}}},
                                model::Order::key);
  ASSERT_EQ(result.not_done.size(), 4U);
  EXPECT_EQ(result.not_done[0].code, OutcomeCode::fail);
  EXPECT_EQ(result.not_done[0].type, "E2020");
  EXPECT_EQ(result.not_done[0].message, "bad name");
  EXPECT_EQ(result.not_done[1].code, OutcomeCode::skipped);
  EXPECT_EQ(result.not_done[2].code, OutcomeCode::retry);
  EXPECT_FALSE(result.not_done[2].counts);
  EXPECT_EQ(result.not_done[3].code, OutcomeCode::skipped);
  EXPECT_EQ(host_->snapshot().errors, 2U);
}

TEST_F(SinkHostTest, OverloadedWithoutAnEarlierFailureOfTheLaneIsARetryThatDoesNotCount) {
  const auto result =
      answer_to(Failures{{2, {ErrorKind::overloaded, "", "full"}}}, model::Order::key);
  ASSERT_EQ(result.not_done.size(), 1U);
  EXPECT_EQ(result.not_done[0].code, OutcomeCode::retry);
  EXPECT_FALSE(result.not_done[0].counts);
}

TEST_F(SinkHostTest, OtherFailuresUseUpAnAttempt) {
  const auto result =
      answer_to(Failures{{2, {ErrorKind::corrupt, "", "odd answer"}}}, model::Order::key);
  EXPECT_EQ(result.not_done.at(0).code, OutcomeCode::retry);
  EXPECT_TRUE(result.not_done.at(0).counts);
}

TEST_F(SinkHostTest, FramesThatCannotBeWrittenAreGivenBackOnDemand) {
  world_.connects.emplace_back();
  for (int i = 0; i < 10'000; ++i)
    world_.connects.emplace_back(fail(ErrorKind::invalid, "E2021", "somebody has to see to it"));
  world_.writes.push_back(fail(ErrorKind::unavailable, "E2021", "away"));
  start();
  EXPECT_TRUE(host_->offer(frame(1)));
  EXPECT_TRUE(host_->offer(frame(2, 4)));
  EXPECT_TRUE(wait_until([&] { return host_->snapshot().state == HostState::failed; }));
  host_->release();
  EXPECT_TRUE(wait_until([&] {
    std::lock_guard lock(world_.mutex);
    return returned_ == std::vector<std::uint64_t>{1, 2};
  }));
  EXPECT_EQ(host_->credit(), SinkHost::kCredit);
  EXPECT_TRUE(host_->offer(frame(3, 8)));
  {
    std::lock_guard lock(world_.mutex);
    world_.connects.clear();
  }
  EXPECT_TRUE(answered(1));
  EXPECT_EQ(results_.at(0).first, 3U);
  EXPECT_EQ(world_.count("write 0"), 1);
  EXPECT_EQ(world_.count("write 4"), 0) << "it is not written behind our back";
}

TEST_F(SinkHostTest, AnUnavailableSystemIsTriedAgainWithoutAnAnswer) {
  for (int i = 0; i < 3; ++i)
    world_.writes.push_back(fail(ErrorKind::unavailable, "E2021", "disk full"));
  start();
  ASSERT_TRUE(host_->offer(frame(1)));
  ASSERT_TRUE(answered(1));
  EXPECT_TRUE(results_[0].second.not_done.empty());
  EXPECT_EQ(world_.count("write 0"), 4);
  EXPECT_EQ(world_.count("connect"), 4);
  EXPECT_EQ(world_.count("close"), 3);
  EXPECT_EQ(host_->snapshot().errors, 3U);
  EXPECT_EQ(host_->snapshot().last_error, "E2021: disk full");
}

TEST_F(SinkHostTest, TakesTwoFramesAndNoThird) {
  world_.block(true);
  start();
  EXPECT_EQ(host_->credit(), 2U);
  EXPECT_TRUE(host_->offer(frame(1)));
  EXPECT_TRUE(host_->offer(frame(2)));
  EXPECT_EQ(host_->credit(), 0U);
  model::Frame third = frame(3);
  EXPECT_FALSE(host_->offer(std::move(third)));
  EXPECT_NE(third.batch, nullptr);
  world_.block(false);
  ASSERT_TRUE(answered(2));
  EXPECT_EQ(results_[0].first, 1U);
  EXPECT_EQ(results_[1].first, 2U);
  EXPECT_TRUE(host_->offer(std::move(third)));
}

TEST_F(SinkHostTest, StopFinishesTheWriteAtHandAndLeavesTheRest) {
  world_.block(true);
  start();
  ASSERT_TRUE(host_->offer(frame(1, 10)));
  ASSERT_TRUE(host_->offer(frame(2, 20)));
  ASSERT_TRUE(wait_until([&] { return world_.count("write 10") == 1; }));
  host_->begin_stop();
  world_.block(false);
  host_->stop();
  EXPECT_EQ(results_.size(), 1U);
  EXPECT_EQ(world_.count("write 20"), 0);
  EXPECT_FALSE(host_->offer(frame(3)));
  EXPECT_EQ(host_->credit(), 0U);
  EXPECT_EQ(host_->snapshot().state, HostState::stopped);
}

TEST_F(SinkHostTest, StopEndsTheBackoff) {
  for (int i = 0; i < 1'000; ++i)
    world_.connects.push_back(fail(ErrorKind::unavailable, "E2001", "away"));
  start();
  ASSERT_TRUE(wait_until([&] { return world_.count("connect") > 1; }));
  host_->stop();
  EXPECT_EQ(host_->snapshot().state, HostState::stopped);
}

TEST_F(SinkHostTest, AFailedConnectorComesBackOnceItsCauseIsGone) {
  for (int i = 0; i < 100'000; ++i)
    world_.connects.push_back(fail(ErrorKind::invalid, "E2002", "not a folder"));
  start();
  ASSERT_TRUE(wait_until([&] { return world_.count("connect") > 2; }));
  EXPECT_EQ(host_->snapshot().state, HostState::failed);
  EXPECT_EQ(host_->snapshot().last_error, "E2002: not a folder");
  {
    std::lock_guard lock(world_.mutex);
    world_.connects.clear();
  }
  ASSERT_TRUE(wait_until([&] { return host_->snapshot().state == HostState::running; }));
}

TEST_F(SinkHostTest, TellsTheSinkWhereTheEventsStand) {
  start();
  model::Frame first = frame(1, 70);
  first.key_prefix = "out/stream/1/0/";
  first.settled = 60;
  EXPECT_TRUE(host_->offer(std::move(first)));
  EXPECT_TRUE(answered(1));
  model::Frame letter = frame(2, 5);
  letter.idempotency_keys = {"out/stream/1/0/5"};
  EXPECT_TRUE(host_->offer(std::move(letter)));
  EXPECT_TRUE(answered(2));
  EXPECT_EQ(world_.places,
            (std::vector<std::string>{"out/stream/1/0/  60", " out/stream/1/0/5 0"}));
}

TEST_F(SinkHostTest, ASinkThatWaitsIsToldOfTheEnd) {
  world_.block(true);
  start();
  EXPECT_TRUE(host_->offer(frame(1)));
  EXPECT_TRUE(wait_until([&] { return world_.count("write 0") == 1; }));
  host_->stop();
  EXPECT_TRUE(world_.hurried);
}

}  // namespace
}  // namespace pelton::connector
