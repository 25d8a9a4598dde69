// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/shard.h"

#include "engine/base/ensure.h"
#include "engine/runtime/shard_report.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

constexpr Duration kSampleInterval = std::chrono::seconds(1);

template <typename Parts>
std::size_t position(const Parts& parts, const std::string& name) {
  const auto at = std::ranges::find_if(parts, [&](const auto& part) { return part.name == name; });
  return static_cast<std::size_t>(at - parts.begin());
}

}  // namespace

Shard::Shard(store::Store& store, MemoryBudget& memory, const Clock& clock)
    : store_(store),
      clock_(clock),
      io_(1),
      guard_(boost::asio::make_work_guard(io_)),
      mailbox_(io_),
      appends_(mailbox_, &memory),
      usage_(store),
      turns_(memory),
      sampler_(io_) {}

Shard::~Shard() {
  stop();
}

void Shard::start() {
  reader_.start();
  thread_ = std::thread([this] { io_.run(); });
  start_stepped();
}

void Shard::add(std::unique_ptr<FunctionRunner> function) {
  function->start();
  auto& calls = calls_[function->function().name];
  if (!calls) calls = std::make_unique<http::CallQueue>(mailbox_, io_);
  function->serve(*calls);
  functions_.push_back(std::move(function));
}

void Shard::add(std::unique_ptr<ServedBinding> binding) {
  BindingRunner& runner = *binding->runner;
  if (binding->sink) {
    binding->sink->start(runner);
  } else {
    FunctionRunner* const function = find_function(binding->function);
    ENSURE(function != nullptr, "binding {} has no function {}", binding->name(),
           binding->function);
    function->serve(runner);
  }
  bindings_.push_back(std::move(binding));
  runner.start();
}

void Shard::call(http::Call&& call) {
  post([this, call = std::move(call)]() mutable {
    const auto queue = calls_.find(call.function);
    if (queue != calls_.end()) return queue->second->push(std::move(call));
    call.answer(std::unexpected(http::CallFailure{http::CallFailure::Kind::stopping, "NoFunction",
                                                  "the function is not there"}));
  });
}

void Shard::sample() {
  const WallTime now = clock_.now();
  for (const auto& binding : bindings_)
    binding->done.sample(binding->runner->dispatcher().totals().done, now);
  if (std::exchange(disk_room_, store_.disk_room()) != store_.disk_room())
    for (const auto& binding : bindings_) binding->runner->wake();
  for (const auto& function : functions_) function->measure_memory();
  usage_.sample(now);
  turns_.take_back_idle();
  if (on_sample_) on_sample_(now);
  sampler_.after(kSampleInterval, [this] { sample(); });
}

void Shard::memory_room() {
  post([this] {
    turns_.give();
    for (const auto& binding : bindings_) binding->runner->feed_all();
  });
}

void Shard::quiesce() {
  post([this] {
    for (const auto& [function, calls] : calls_) calls->close();
    for (const auto& binding : bindings_) {
      binding->runner->hold(Hold::ending);
      if (binding->sink) binding->sink->begin_stop();
    }
  });
}

void Shard::drain(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  post([this, deadline, done = std::move(done)] {
    Retirement::Setup all;
    for (const auto& binding : bindings_) all.bindings.push_back(binding.get());
    for (const auto& function : functions_) all.functions.push_back(function.get());
    all.deadline = deadline;
    all.at_any_cost = true;
    all.find_function = [this](const std::string& name) { return find_function(name); };
    retirement_ = std::make_unique<Retirement>(std::move(all), io_,
                                               [done](const std::vector<std::string>&) { done(); });
    retirement_->begin();
  });
}

void Shard::retire(const Lineup& parts, std::chrono::steady_clock::time_point deadline,
                   Retirement::Done done) {
  Retirement::Setup setup;
  for (const auto& binding : bindings_)
    if ((binding->sink ? parts.sinks : parts.bindings).contains(binding->name()))
      setup.bindings.push_back(binding.get());
  for (const auto& function : functions_)
    if (parts.functions.contains(function->function().name))
      setup.functions.push_back(function.get());
  setup.deadline = deadline;
  setup.find_function = [this](const std::string& name) { return find_function(name); };
  const Retirement::Setup gone = setup;
  retirement_ = std::make_unique<Retirement>(
      std::move(setup), io_,
      [this, gone, done = std::move(done)](const std::vector<std::string>& stuck) {
        // Behind what is queued already and speaks of them, or of the retirement itself.
        boost::asio::post(io_, [this, gone, done, stuck] {
          retirement_.reset();
          if (stuck.empty()) forget(gone);
          done(stuck);
        });
      });
  retirement_->begin();
}

void Shard::forget(const Retirement::Setup& parts) {
  std::erase_if(bindings_, [&](const auto& binding) {
    return std::ranges::find(parts.bindings, binding.get()) != parts.bindings.end();
  });
  std::erase_if(functions_, [&](const auto& function) {
    if (std::ranges::find(parts.functions, function.get()) == parts.functions.end()) return false;
    function->release(*calls_.at(function->function().name));
    return true;
  });
}

void Shard::arrange(const config::Config& config) {
  std::ranges::stable_sort(functions_, {}, [&](const auto& function) {
    return position(config.functions, function->function().name);
  });
  std::ranges::stable_sort(bindings_, {}, [&](const auto& binding) {
    return binding->sink ? config.bindings.size() + position(config.connectors, binding->name())
                         : position(config.bindings, binding->name());
  });
}

void Shard::stop() {
  reader_.stop();
  if (thread_.joinable()) {
    guard_.reset();
    io_.stop();
    thread_.join();
  }
  mailbox_.close();
}

BindingRunner* Shard::find_binding(std::string_view name) {
  for (const auto& binding : bindings_)
    if (binding->name() == name) return binding->runner.get();
  return nullptr;
}

FunctionRunner* Shard::find_function(std::string_view name) {
  for (const auto& function : functions_)
    if (function->function().name == name) return function.get();
  return nullptr;
}

void Shard::report(observe::StatusReport& report) {
  const WallTime now = clock_.now();
  for (const auto& function : functions_) report.functions.push_back(function_status(*function));
  for (const auto& binding : bindings_)
    report.bindings.push_back(
        binding_status(*binding->runner, store_, binding->done.per_second(), now));
  for (const auto& binding : bindings_)
    if (binding->sink) report.connectors.push_back(binding->sink->status());
}

}  // namespace pelton::runtime
