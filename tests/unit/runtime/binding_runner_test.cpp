// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/binding_runner.h"

#include "tests/unit/store/store_fixture.h"

#include <boost/asio/io_context.hpp>

#include <deque>

namespace pelton::runtime {
namespace {

constexpr PartitionId kPartition{0};

// One partition in memory. Settlements are answered at once, within settle(), or when told.
class FakeInput final : public stream::Input, public stream::Positions, public stream::InputHealth {
 public:
  Status open(Listener& listener) override {
    listener_ = &listener;
    return {};
  }
  void start() override { listener_->assigned(kPartition, {}); }
  void append(model::BatchPtr batch) {
    batches_.push_back({{}, end_, batch});
    end_ += batch->span();
    listener_->readable(kPartition);
  }
  void revoke() { listener_->revoking(kPartition); }
  void lose() { listener_->revoked(kPartition); }
  void stop_partition(const Error& error) { listener_->stopped(kPartition, error); }

  std::vector<PartitionId> partitions() const override { return {kPartition}; }
  std::optional<model::PlacedBatch> next(PartitionId, Offset from) override {
    for (const auto& placed : batches_)
      if (placed.base + placed.batch->span() > from) return placed;
    return std::nullopt;
  }
  void settle(model::Transaction&& transaction, Done done) override {
    ++settlements;
    for (const auto& update : transaction.progress) cursor = update.progress.settled;
    held.push_back(std::move(done));
    if (!hold) answer();
  }
  void answer() {
    while (!held.empty()) {
      const Done done = std::move(held.front());
      held.pop_front();
      done({});
    }
  }
  void seek(PartitionId, Offset offset, std::function<void(Status)> done) override {
    listener_->assigned(kPartition, {{offset, {}}, {}, {}});
    listener_->readable(kPartition);
    done({});
  }
  void extents(std::optional<WallTime>, std::function<void(Result<Extents>)>) override {}
  void drained(PartitionId) override { ++drained_said; }
  Offset end(PartitionId) const override { return end_; }
  std::optional<WallTime> time_at(PartitionId, Offset) override { return std::nullopt; }
  void stop(std::chrono::steady_clock::time_point, std::function<void()> done) override { done(); }
  stream::Trouble trouble() const override { return {}; }
  bool room() const override { return true; }
  std::uint64_t letters_elsewhere() const override { return 0; }

  bool hold = false;
  std::deque<Done> held;
  Offset cursor = 0;
  int settlements = 0, drained_said = 0;

 private:
  Listener* listener_ = nullptr;
  std::vector<model::PlacedBatch> batches_;
  Offset end_ = 0;
};

class ManualClock final : public Clock {
 public:
  WallTime now() const override { return now_; }
  void advance(Duration time) { now_ += time; }

 private:
  WallTime now_{std::chrono::hours(1000)};
};

// Outputs on their way until told otherwise.
class FakeOutput final : public stream::Output {
 public:
  explicit FakeOutput(const FakeInput& input) : input_(input) {}
  bool room() const override { return has_room; }
  void send(Result&& result) override { sent.push_back(std::move(result)); }
  void settled() override {
    EXPECT_FALSE(finishing_) << "a call within a call";
    settlements_seen = input_.settlements;
  }
  std::string trouble() const override { return "brokers are away"; }
  void finish() {
    settlements_seen.reset();
    finishing_ = true;
    Result result = std::move(sent.front());
    sent.pop_front();
    if (result.live(result.result)) result.finish(std::move(result.result));
    finishing_ = false;
  }

  bool has_room = true;
  std::deque<Result> sent;
  std::optional<int> settlements_seen;  // when settled() was said, since the last finish()

 private:
  const FakeInput& input_;
  bool finishing_ = false;
};

class BindingRunnerTest : public store::StoreFixture {
 protected:
  void begin(bool with_output = false) {
    open();
    BindingRunner::Setup setup;
    setup.dispatcher.id = binding;
    setup.dispatcher.binding = "b";
    setup.dispatcher.stream = "s";
    setup.dispatcher.delivery.max_unsettled = 2;
    setup.dispatcher.delivery.batch.events = 1;
    setup.seek_patience = std::chrono::seconds(10);
    auto made = std::make_unique<FakeInput>();
    input = made.get();
    if (with_output) {
      auto outputs = std::make_unique<FakeOutput>(*input);
      output = outputs.get();
      setup.output = std::move(outputs);
    }
    runner = std::make_unique<BindingRunner>(
        std::move(setup), stream::BindingInput{std::move(made), *input, *input}, *store, io, clock);
    ASSERT_TRUE(runner->open());
    runner->on_work([this] {
      ++woken;
      on_work();
    });
    runner->start();
    run();
  }
  void run() {
    io.restart();
    io.poll();
  }
  // The worker takes everything, and says when it is asked within a call of its own.
  void work() {
    EXPECT_EQ(depth, 0) << "a call within a call";
    ++depth;
    while (auto frame = runner->pull(WorkerId{1}, {1, 1U << 20})) taken.push_back(frame->id);
    --depth;
  }
  void finish(model::BatchPtr outputs = nullptr) {
    const FrameId frame = taken.front();
    taken.pop_front();
    ++depth;
    EXPECT_TRUE(runner->finished(WorkerId{1}, frame,
                                 {.first = 0,
                                  .count = 1,
                                  .not_done = {},
                                  .outputs = std::move(outputs),
                                  .output_parents = {}}));
    --depth;
  }
  std::optional<Status> seek(Offset offset) {
    runner->seek(kPartition, offset, [this](Status status) { sought = std::move(status); });
    run();
    return sought;
  }

  boost::asio::io_context io;
  ManualClock clock;
  FakeInput* input = nullptr;
  FakeOutput* output = nullptr;
  std::unique_ptr<BindingRunner> runner;
  std::function<void()> on_work = [this] { work(); };
  std::deque<FrameId> taken;
  std::optional<Status> sought;
  int woken = 0, depth = 0;
};

TEST_F(BindingRunnerTest, EventsPassThrough) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  ASSERT_EQ(taken.size(), 2U) << "as much as the window has";
  finish();
  finish();
  run();
  EXPECT_EQ(input->cursor, 2);
  ASSERT_EQ(taken.size(), 1U) << "what was settled makes room";
}

TEST_F(BindingRunnerTest, OutputsThatGoNowhereAreWarnedAboutOnce) {
  begin();
  input->append(batch({"a", "b"}));
  run();
  testing::internal::CaptureStderr();
  finish(batch({"x"}));
  finish(batch({"y", "z"}));
  run();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("they are discarded"), std::string::npos);
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
  EXPECT_EQ(input->cursor, 2) << "the events are done all the same";
  EXPECT_EQ(runner->dispatcher().totals().outputs, 3U);
}

// An input that answers within the call, and a worker that takes work wherever it is asked: neither
// is called within a call of its own, however long the chain is.
TEST_F(BindingRunnerTest, NobodyIsCalledWithinACallOfHis) {
  begin();
  on_work = [this] {
    work();
    while (!taken.empty()) finish();
  };
  input->append(batch(std::vector<std::string>(1000, "x")));
  run();
  EXPECT_EQ(input->cursor, 1000);
  EXPECT_TRUE(runner->dispatcher().idle());
}

TEST_F(BindingRunnerTest, ARunOfChangesWakesWorkersOnce) {
  begin();
  on_work = [] {};
  for (int i = 0; i < 20; ++i) input->append(batch({"x"}));
  EXPECT_EQ(woken, 0);
  run();
  EXPECT_EQ(woken, 1);
  runner->wake();
  run();
  EXPECT_EQ(woken, 2) << "there is still work";
}

TEST_F(BindingRunnerTest, NobodyIsWokenForNothing) {
  begin();
  runner->wake();
  run();
  EXPECT_EQ(woken, 0);
}

TEST_F(BindingRunnerTest, ATurnThatIsPostedSurvivesItsRunner) {
  begin();
  runner->wake();
  runner.reset();
  run();
}

TEST_F(BindingRunnerTest, ARevokeWaitsUntilAllIsDurable) {
  begin();
  input->hold = true;
  input->append(batch({"a"}));
  run();
  input->revoke();
  run();
  EXPECT_EQ(input->drained_said, 0);
  finish();
  run();
  EXPECT_EQ(input->drained_said, 0) << "not durable yet";
  input->answer();
  run();
  EXPECT_EQ(input->drained_said, 1);
}

TEST_F(BindingRunnerTest, ASeekWaitsForWorkers) {
  begin();
  input->append(batch({"a", "b"}));
  run();
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_FALSE(seek(0)) << "workers have both";
  finish();
  run();
  EXPECT_FALSE(sought);
  EXPECT_EQ(taken.size(), 1U) << "nothing new is given";
  finish();
  run();
  ASSERT_TRUE(sought);
  EXPECT_TRUE(*sought) << sought->error().text();
  EXPECT_EQ(taken.size(), 2U) << "both again";
}

TEST_F(BindingRunnerTest, ASeekIsRefusedWhenWorkersDoNotFinish) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  EXPECT_FALSE(seek(0));
  clock.advance(std::chrono::seconds(11));
  runner->wake();
  run();
  ASSERT_TRUE(sought);
  EXPECT_EQ(sought->error().code, "E5023");
  finish();
  run();
  EXPECT_EQ(taken.size(), 2U) << "the partition is served as before";
}

TEST_F(BindingRunnerTest, TwoSeeksAtOnceAreOneTooMany) {
  begin();
  input->append(batch({"a"}));
  run();
  std::optional<Status> first;
  runner->seek(kPartition, 0, [&](Status status) { first = std::move(status); });
  EXPECT_EQ(seek(0)->error().code, "E5023");
  EXPECT_FALSE(first);
  finish();
  run();
  ASSERT_TRUE(first);
  EXPECT_TRUE(*first);
}

TEST_F(BindingRunnerTest, ARevokeEndsASeek) {
  begin();
  input->append(batch({"a"}));
  run();
  EXPECT_FALSE(seek(0));
  input->revoke();
  run();
  ASSERT_TRUE(sought);
  EXPECT_EQ(sought->error().code, "E5022");
  finish();
  run();
  EXPECT_EQ(input->drained_said, 1);
}

TEST_F(BindingRunnerTest, AnEventIsSettledOnceItsOutputsAreInTheirTopic) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  run();
  ASSERT_EQ(output->sent.size(), 1U);
  EXPECT_EQ(output->sent.front().partition, kPartition);
  EXPECT_EQ(input->cursor, 0);
  output->finish();
  run();
  EXPECT_EQ(input->cursor, 1);
}

TEST_F(BindingRunnerTest, AResultWithoutOutputsIsSettledAtOnce) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish();
  run();
  EXPECT_TRUE(output->sent.empty());
  EXPECT_EQ(input->cursor, 1);
}

TEST_F(BindingRunnerTest, AnOutputHearsWhenTheInputHasWhatWasSettled) {
  begin(true);
  input->hold = true;
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  run();
  const int before = input->settlements;
  output->finish();
  EXPECT_EQ(input->settlements, before) << "the turn is still to come";
  EXPECT_FALSE(output->settlements_seen);
  run();
  EXPECT_EQ(output->settlements_seen, before + 1) << "whether or not it is durable";
}

TEST_F(BindingRunnerTest, WorkersGetNothingWhileTheOutputIsFull) {
  begin(true);
  output->has_room = false;
  input->append(batch({"a"}));
  run();
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(runner->trouble().what, "brokers are away");
  output->has_room = true;
  runner->wake();
  run();
  EXPECT_EQ(taken.size(), 1U);
}

TEST_F(BindingRunnerTest, OutputsOfAPartitionThatHasGoneAreNotWaitedFor) {
  begin(true);
  input->append(batch({"a"}));
  run();
  finish(batch({"out"}));
  input->lose();
  run();
  ASSERT_EQ(output->sent.size(), 1U);
  EXPECT_FALSE(output->sent.front().live(output->sent.front().result));
}

TEST_F(BindingRunnerTest, ADrainedBindingGivesNothingUntilThatIsTakenBack) {
  begin();
  runner->drain();
  input->append(batch({"a"}));
  run();
  EXPECT_TRUE(taken.empty());
  runner->drain(false);
  run();
  EXPECT_EQ(taken.size(), 1U);
}

TEST_F(BindingRunnerTest, TheViewOfAPartitionHasItsLag) {
  begin();
  input->append(batch({"a", "b", "c"}));
  run();
  finish();
  run();
  const auto view = runner->view(kPartition);
  EXPECT_EQ(view.counts.cursor, 1);
  EXPECT_EQ(view.end, 3);
  EXPECT_EQ(view.counts.in_flight, 2U) << "the window is two events";
}

TEST_F(BindingRunnerTest, AStoppedPartitionIsNamedUntilItIsAssignedAgain) {
  begin();
  input->stop_partition({ErrorKind::corrupt, "E6108", "its offset is gone"});
  EXPECT_EQ(runner->stopped(), "partition 0 of s is stopped: E6108: its offset is gone");
  EXPECT_EQ(runner->view(kPartition).oldest, clock.now()) << "since then";
  input->start();
  EXPECT_EQ(runner->stopped(), "");
}

TEST_F(BindingRunnerTest, WhatALostWorkerHadIsDeliveredAgain) {
  begin();
  input->append(batch({"a"}));
  run();
  ASSERT_EQ(taken.size(), 1U);
  model::WorkerLoss loss;
  loss.cause = "engine";
  runner->lost(WorkerId{1}, loss);
  run();
  EXPECT_EQ(taken.size(), 2U);
  EXPECT_EQ(input->cursor, 0);
}

}  // namespace
}  // namespace pelton::runtime
