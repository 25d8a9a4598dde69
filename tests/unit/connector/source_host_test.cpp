// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/source_host.h"

#include "tests/unit/connector/wait_until.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace pelton::connector {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test::wait_until;

// What a source was asked, readable from the test's thread; outlives the host.
struct SourceWorld {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> to_read;     // one event a read
  std::deque<Status> connects, reads;  // given out first, then success
  std::vector<std::string> calls;      // "connect", "close", "done 1", "later 2"
  std::vector<std::string> warnings;

  void produce(std::string data) {
    std::lock_guard lock(mutex);
    to_read.push_back(std::move(data));
    changed.notify_all();
  }
  bool saw(const std::string& call) {
    std::lock_guard lock(mutex);
    return std::ranges::find(calls, call) != calls.end();
  }
  std::vector<std::string> settled() {
    std::lock_guard lock(mutex);
    std::vector<std::string> out;
    for (const std::string& call : calls)
      if (call.starts_with("done") || call.starts_with("later")) out.push_back(call);
    return out;
  }
  std::ptrdiff_t count(const std::string& call) {
    std::lock_guard lock(mutex);
    return std::ranges::count(calls, call);
  }
};

class FakeSource final : public Source {
 public:
  explicit FakeSource(SourceWorld& world) : world_(world) {}

  Status connect() override {
    std::lock_guard lock(world_.mutex);
    world_.calls.emplace_back("connect");
    return take(world_.connects);
  }
  Result<Read> read(model::BatchBuilder& into, std::size_t, std::size_t,
                    steady_clock::time_point deadline) override {
    std::unique_lock lock(world_.mutex);
    if (auto status = take(world_.reads); !status) return std::unexpected(status.error());
    world_.changed.wait_until(lock, deadline, [&] { return !world_.to_read.empty(); });
    if (world_.to_read.empty()) return ++token_;
    model::EventView event;
    event.data = world_.to_read.front();
    into.add(event);
    Read read(++token_);
    read.position.push_back({"position", world_.to_read.front()});
    world_.to_read.pop_front();
    return read;
  }
  Status settle(AckToken token, Settlement how) override {
    std::lock_guard lock(world_.mutex);
    const std::size_t index = tokens_.emplace(token, tokens_.size() + 1).first->second;
    world_.calls.push_back((how == Settlement::done ? "done " : "later ") + std::to_string(index));
    return {};
  }
  void close() override {
    std::lock_guard lock(world_.mutex);
    world_.calls.emplace_back("close");
  }
  std::vector<std::string> take_warnings() override {
    std::lock_guard lock(world_.mutex);
    return std::exchange(world_.warnings, {});
  }

 private:
  static Status take(std::deque<Status>& from) {
    if (from.empty()) return {};
    Status status = from.front();
    from.pop_front();
    return status;
  }

  SourceWorld& world_;
  AckToken token_ = 0;
  std::map<AckToken, std::size_t> tokens_;
};

// Holds commits until the test lets them go.
class FakeAppender final : public StreamAppender {
 public:
  Status append(model::BatchPtr batch, std::span<const LedgerEntry> position, Committed committed,
                steady_clock::time_point) override {
    std::lock_guard lock(mutex_);
    ++asked_;
    if (refuse_) return std::unexpected(*refuse_);
    for (const LedgerEntry& entry : position) positions_.push_back(entry.value.value_or(""));
    batches_.emplace_back(batch->data(0));
    if (hold_)
      held_.push_back(std::move(committed));
    else
      committed({});
    return {};
  }

  void hold() { hold_ = true; }
  void refuse(std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    refuse_ = std::move(error);
  }
  // Finishes the held commit of that index.
  void finish(std::size_t index, Status status = {}) {
    std::lock_guard lock(mutex_);
    held_[index](std::move(status));
  }
  std::size_t held() {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  std::vector<std::string> batches() {
    std::lock_guard lock(mutex_);
    return batches_;
  }
  std::vector<std::string> positions() {
    std::lock_guard lock(mutex_);
    return positions_;
  }
  int asked() {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  bool hold_ = false;
  int asked_ = 0;
  std::optional<Error> refuse_;
  std::vector<Committed> held_;
  std::vector<std::string> batches_;
  std::vector<std::string> positions_;
};

class SourceHostTest : public testing::Test {
 protected:
  void start(SourcePacing pacing = {}) {
    pacing.backoff_first = 1ms;
    pacing.backoff_max = 4ms;
    pacing.room_first = 1ms;
    pacing.room_max = 4ms;
    pacing.idle_read = 20ms;
    host_.emplace(SourceHost::Setup{.name = "inbox",
                                    .source = std::make_unique<FakeSource>(world_),
                                    .appender = &appender_,
                                    .report =
                                        [this](const std::string& line) {
                                          std::lock_guard lock(world_.mutex);
                                          log_.push_back(line);
                                        },
                                    .pacing = pacing});
    host_->start();
  }
  void stop(std::chrono::milliseconds patience = 5s) {
    host_->stop(steady_clock::now() + patience);
  }
  HostState state() { return host_->snapshot().state; }
  static Error error(ErrorKind kind) { return {kind, "E2001", "away"}; }
  using Calls = std::vector<std::string>;

  SourceWorld world_;
  FakeAppender appender_;
  std::vector<std::string> log_;
  std::optional<SourceHost> host_;
};

TEST_F(SourceHostTest, WhatIsReadIsAppendedAndSettledOnceDurable) {
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return world_.saw("done 1"); }));
  EXPECT_EQ(appender_.batches(), Calls{"one"});
  EXPECT_EQ(host_->snapshot().events, 1U);
  EXPECT_GT(host_->snapshot().bytes, 0U);
  EXPECT_EQ(state(), HostState::running);
  stop();
  EXPECT_EQ(state(), HostState::stopped);
  EXPECT_TRUE(world_.saw("close"));
}

TEST_F(SourceHostTest, NothingIsSettledBeforeItsCommit) {
  appender_.hold();
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 1; }));
  world_.produce("two");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 2; }));
  EXPECT_TRUE(world_.settled().empty());
  appender_.finish(0);
  ASSERT_TRUE(wait_until([&] { return world_.saw("done 1"); }));
}

TEST_F(SourceHostTest, SettlesInTheOrderOfReadsWhateverTheOrderOfCommits) {
  appender_.hold();
  start();
  for (const char* data : {"one", "two", "three"}) world_.produce(data);
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 3; }));
  appender_.finish(2);
  appender_.finish(1);
  appender_.finish(0);
  ASSERT_TRUE(wait_until([&] { return world_.settled().size() == 3; }));
  EXPECT_EQ(world_.settled(), (Calls{"done 1", "done 2", "done 3"}));
}

TEST_F(SourceHostTest, ReadsAheadOnlyAsFarAsAllowed) {
  appender_.hold();
  SourcePacing pacing;
  pacing.in_flight_reads = 2;
  start(pacing);
  for (int i = 0; i < 5; ++i) world_.produce("data");
  ASSERT_TRUE(wait_until([&] { return appender_.held() >= 2; }));
  EXPECT_FALSE(wait_until([&] { return appender_.held() > 2; }, 100ms));
  appender_.finish(0);
  ASSERT_TRUE(wait_until([&] { return appender_.held() >= 3; }));
  EXPECT_FALSE(wait_until([&] { return appender_.held() > 3; }, 100ms));
  EXPECT_EQ(world_.settled().size(), 1U);
}

TEST_F(SourceHostTest, AFailedCommitIsSettledRetryLater) {
  appender_.hold();
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 1; }));
  appender_.finish(0, std::unexpected(error(ErrorKind::unavailable)));
  ASSERT_TRUE(wait_until([&] { return world_.saw("later 1"); }));
  EXPECT_EQ(host_->snapshot().events, 0U);
  EXPECT_EQ(host_->snapshot().last_error, "E2001: away");
}

TEST_F(SourceHostTest, APositionGoesWithTheEventsOfItsRead) {
  start();
  world_.produce("a");
  world_.produce("b");
  ASSERT_TRUE(wait_until([&] { return appender_.batches().size() == 2; }));
  EXPECT_EQ(appender_.positions(), appender_.batches());
}

TEST_F(SourceHostTest, AFullIntakeIsAskedAgainWithTheSameBatch) {
  appender_.refuse(error(ErrorKind::overloaded));
  start();
  world_.produce("one");
  world_.produce("two");
  ASSERT_TRUE(wait_until([&] { return appender_.asked() > 3; }));
  EXPECT_TRUE(wait_until([&] { return state() == HostState::backing_off; }));
  appender_.refuse(std::nullopt);
  ASSERT_TRUE(wait_until([&] { return world_.settled().size() == 2; }));
  EXPECT_EQ(appender_.batches(), (Calls{"one", "two"}));
  EXPECT_EQ(world_.settled(), (Calls{"done 1", "done 2"}));
  // Many refusals, one line in the log.
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(SourceHostTest, StoppingWhileTheIntakeIsFullSettlesRetryLater) {
  appender_.refuse(error(ErrorKind::overloaded));
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.asked() > 0; }));
  stop();
  EXPECT_EQ(world_.settled(), Calls{"later 1"});
}

TEST_F(SourceHostTest, ConnectsAgainUntilItWorks) {
  for (int i = 0; i < 3; ++i)
    world_.connects.emplace_back(std::unexpected(error(ErrorKind::unavailable)));
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return world_.saw("done 1"); }));
  EXPECT_EQ(world_.count("connect"), 4);
  EXPECT_EQ(host_->snapshot().errors, 3U);
}

TEST_F(SourceHostTest, AFailedConnectorComesBackOnceItsCauseIsGone) {
  for (int i = 0; i < 100'000; ++i)
    world_.connects.emplace_back(std::unexpected(error(ErrorKind::invalid)));
  start();
  ASSERT_TRUE(wait_until([&] { return world_.count("connect") > 2; }));
  EXPECT_EQ(state(), HostState::failed);
  EXPECT_EQ(host_->snapshot().last_error, "E2001: away");
  {
    std::lock_guard lock(world_.mutex);
    world_.connects.clear();
  }
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return world_.saw("done 1"); }));
  EXPECT_EQ(state(), HostState::running);
}

TEST_F(SourceHostTest, ALostPeerIsClosedAndConnectedAfterEverythingIsSettled) {
  appender_.hold();
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 1; }));
  {
    std::lock_guard lock(world_.mutex);
    world_.reads.emplace_back(std::unexpected(error(ErrorKind::unavailable)));
  }
  ASSERT_TRUE(wait_until([&] { return host_->snapshot().errors == 1; }));
  EXPECT_FALSE(world_.saw("close"));
  appender_.finish(0);
  ASSERT_TRUE(wait_until([&] { return world_.count("connect") == 2; }));
  std::lock_guard lock(world_.mutex);
  EXPECT_EQ(world_.calls, (Calls{"connect", "done 1", "close", "connect"}));
}

TEST_F(SourceHostTest, AnInvalidReadIsCountedAndReadingGoesOn) {
  world_.reads.emplace_back(std::unexpected(error(ErrorKind::invalid)));
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return world_.saw("done 1"); }));
  EXPECT_EQ(world_.count("connect"), 1);
  EXPECT_EQ(host_->snapshot().errors, 1U);
}

TEST_F(SourceHostTest, WarningsAreLoggedAndShown) {
  start();
  {
    std::lock_guard lock(world_.mutex);
    world_.warnings.emplace_back("E2005: refused x");
  }
  ASSERT_TRUE(wait_until([&] { return host_->snapshot().last_error == "E2005: refused x"; }));
}

TEST_F(SourceHostTest, StopWaitsForCommitsInFlight) {
  appender_.hold();
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 1; }));
  host_->begin_stop(steady_clock::now() + 10s);
  appender_.finish(0);
  stop(10s);
  EXPECT_EQ(world_.settled(), Calls{"done 1"});
}

TEST_F(SourceHostTest, AfterTheStopDeadlineLateCommitsAreHarmless) {
  appender_.hold();
  start();
  world_.produce("one");
  ASSERT_TRUE(wait_until([&] { return appender_.held() == 1; }));
  stop(10ms);
  EXPECT_EQ(world_.settled(), Calls{"later 1"});
  host_.reset();
  appender_.finish(0);
}

TEST_F(SourceHostTest, StopWorksTwiceAndWithoutAStart) {
  start();
  ASSERT_TRUE(wait_until([&] { return state() == HostState::running; }));
  stop();
  stop();
  EXPECT_EQ(state(), HostState::stopped);
  EXPECT_EQ(world_.count("close"), 1);
  SourceHost never({.name = "never",
                    .source = std::make_unique<FakeSource>(world_),
                    .appender = &appender_,
                    .report = {}});
  never.stop(steady_clock::now());
  EXPECT_EQ(world_.count("connect"), 1) << "that of the other one";
}

}  // namespace
}  // namespace pelton::connector
