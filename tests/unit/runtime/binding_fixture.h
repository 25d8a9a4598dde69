// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/binding_runner.h"
#include "tests/unit/store/store_fixture.h"

#include <boost/asio/io_context.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace pelton::runtime {

inline constexpr PartitionId kPartition{0};

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
  std::optional<model::PlacedBatch> next(PartitionId, Offset from, stream::Reads) override {
    for (const auto& placed : batches_)
      if (placed.base + placed.batch->span() > from) return placed;
    return std::nullopt;
  }
  void taken(PartitionId, Offset) override {}
  stream::Stock stock(PartitionId) const override { return stream::Stock::empty; }
  void settle(model::Transaction&& transaction, Done done) override {
    ++settlements;
    for (const auto& update : transaction.progress) cursor = update.progress.settled;
    held.push_back(std::move(done));
    if (!hold_answers) answer();
  }
  void answer() {
    while (!held.empty()) {
      const Done done = std::move(held.front());
      held.pop_front();
      done({});
    }
  }
  std::shared_ptr<const void> hold(PartitionId, Offset) override { return nullptr; }
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

  bool hold_answers = false;
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
    setup.dispatcher.outputs = to;
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
  void finish(model::BatchPtr outputs = nullptr, const std::string& named = "") {
    const FrameId frame = taken.front();
    taken.pop_front();
    ++depth;
    EXPECT_TRUE(
        runner->finished(WorkerId{1}, frame,
                         {.first = 0,
                          .count = 1,
                          .not_done = {},
                          .outputs = std::move(outputs),
                          .output_parents = {},
                          .streams = {named},
                          .output_streams = named.empty() ? std::vector<std::uint32_t>{}
                                                          : std::vector<std::uint32_t>{1}}));
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
  std::vector<model::OutputStream> to;  // set before begin()
  FakeOutput* output = nullptr;
  std::unique_ptr<BindingRunner> runner;
  std::function<void()> on_work = [this] { work(); };
  std::deque<FrameId> taken;
  std::optional<Status> sought;
  int woken = 0, depth = 0;
};

}  // namespace pelton::runtime
