// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/shard.h"

#include "engine/runtime/shard_report.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

constexpr Duration kSampleInterval = std::chrono::seconds(1);
constexpr Duration kIdlePoll = std::chrono::milliseconds(5);

}  // namespace

Shard::Shard(store::Store& store, const Clock& clock)
    : store_(store),
      clock_(clock),
      io_(1),
      guard_(boost::asio::make_work_guard(io_)),
      mailbox_(io_),
      sampler_(io_),
      idle_poll_(io_) {}

Shard::~Shard() {
  stop();
}

BindingRunner& Shard::add_binding(BindingRunner::Setup setup,
                                  std::unique_ptr<stream::Input> input) {
  bindings_.push_back(
      {std::make_unique<BindingRunner>(std::move(setup), std::move(input), store_, io_, clock_),
       {}});
  return *bindings_.back().runner;
}

BindingRunner& Shard::add_embedded(BindingRunner::Setup setup, stream::EmbeddedInput::Setup input) {
  auto embedded = std::make_unique<stream::EmbeddedInput>(std::move(input), store_, mailbox_);
  embedded_.push_back(embedded.get());
  return add_binding(std::move(setup), std::move(embedded));
}

void Shard::add_function(const config::Function& function, std::vector<BindingRunner*> bindings,
                         worker::PoolOptions options, worker::LineListener lines) {
  functions_.push_back(std::make_unique<FunctionRunner>(function, std::move(bindings), io_,
                                                        std::move(options), std::move(lines)));
}

void Shard::add_sink(const config::Connector& connector, std::unique_ptr<connector::Sink> sink,
                     BindingRunner& binding, connector::SinkPacing pacing) {
  sinks_.push_back(
      std::make_unique<SinkRunner>(connector, std::move(sink), binding, mailbox_, pacing));
}

Status Shard::open() {
  std::set<StreamId> streams;
  for (const stream::EmbeddedInput* input : embedded_) streams.insert(input->stream());
  for (Binding& binding : bindings_)
    if (auto ok = binding.runner->open(); !ok) return ok;
  feed_ = std::make_unique<stream::AppendFeed>(
      mailbox_, std::move(streams),
      [this](const model::PlacedBatch& placed) {
        for (stream::EmbeddedInput* input : embedded_)
          if (input->stream() == placed.at.stream) input->appended(placed);
      },
      [this](model::StreamPartition at, Offset end) {
        for (stream::EmbeddedInput* input : embedded_)
          if (input->stream() == at.stream) input->end_moved(at.partition, end);
      },
      [this] {
        for (Binding& binding : bindings_) binding.runner->wake();
      });
  return {};
}

void Shard::start() {
  thread_ = std::thread([this] { io_.run(); });
  post([this] {
    for (auto& sink : sinks_) sink->start();
    for (auto& function : functions_) function->start();
    for (Binding& binding : bindings_) binding.runner->start();
    sample();
  });
}

void Shard::sample() {
  const WallTime now = clock_.now();
  for (Binding& binding : bindings_)
    binding.done.sample(binding.runner->dispatcher().totals().done, now);
  if (std::exchange(disk_room_, store_.disk_room()) != store_.disk_room())
    for (Binding& binding : bindings_) binding.runner->wake();
  if (on_sample_) on_sample_(now);
  sampler_.after(kSampleInterval, [this] { sample(); });
}

void Shard::drain(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  post([this, deadline, done = std::move(done)] {
    for (Binding& binding : bindings_) binding.runner->drain();
    stop_pools(deadline, [this, deadline, done] { wait_idle(deadline, done); });
  });
}

void Shard::stop_pools(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  for (auto& sink : sinks_) sink->begin_stop();
  // Shared by the callbacks of the pools: each counts itself off, the last one goes on.
  auto left = std::make_shared<std::size_t>(functions_.size());
  if (*left == 0) return done();
  for (auto& function : functions_)
    function->stop(deadline, [left, done] {
      if (--*left == 0) done();
    });
}

void Shard::wait_idle(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  const bool idle =
      std::ranges::all_of(bindings_, [](const Binding& b) { return b.runner->idle(); });
  if (idle || std::chrono::steady_clock::now() >= deadline) {
    for (auto& sink : sinks_) sink->stop();
    return stop_inputs(deadline, done);
  }
  idle_poll_.after(kIdlePoll, [this, deadline, done] { wait_idle(deadline, done); });
}

void Shard::stop_inputs(std::chrono::steady_clock::time_point deadline,
                        std::function<void()> done) {
  // Shared by the inputs' answers: each counts itself off, the last one goes on.
  auto left = std::make_shared<std::size_t>(bindings_.size());
  if (*left == 0) return done();
  for (Binding& binding : bindings_)
    binding.runner->stop(deadline, [left, done] {
      if (--*left == 0) done();
    });
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  guard_.reset();
  io_.stop();
  thread_.join();
}

BindingRunner* Shard::find_binding(std::string_view name) {
  for (Binding& binding : bindings_)
    if (binding.runner->dispatcher().options().binding == name) return binding.runner.get();
  return nullptr;
}

FunctionRunner* Shard::find_function(std::string_view name) {
  for (const auto& function : functions_)
    if (function->function().name == name) return function.get();
  return nullptr;
}

void Shard::report(observe::StatusReport& report) {
  const WallTime now = clock_.now();
  for (auto& function : functions_) report.functions.push_back(function_status(*function));
  for (Binding& binding : bindings_)
    report.bindings.push_back(
        binding_status(*binding.runner, store_, binding.done.per_second(), now));
  for (auto& sink : sinks_) report.connectors.push_back(sink->status());
}

}  // namespace pelton::runtime
