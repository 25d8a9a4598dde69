// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/retirement.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(5);

// Calls `then` when each of `count` callbacks has been called.
std::function<void()> after(std::size_t count, std::function<void()> then) {
  // Shared by the callbacks: each counts itself off, the last one continues.
  auto left = std::make_shared<std::size_t>(count);
  return [left, then = std::move(then)] {
    if (--*left == 0) then();
  };
}

}  // namespace

Retirement::Retirement(Setup setup, boost::asio::io_context& io, Done done)
    : setup_(std::move(setup)), done_(std::move(done)), poll_(io) {}

FunctionRunner* Retirement::function_of(const ServedBinding& binding) const {
  return binding.function.empty() ? nullptr : setup_.find_function(binding.function);
}

void Retirement::begin() {
  for (ServedBinding* binding : setup_.bindings) {
    binding->runner->hold(Hold::ending);
    if (binding->sink) binding->sink->begin_stop();
  }
  wait_idle();
}

std::vector<std::string> Retirement::busy() const {
  std::vector<std::string> names;
  for (const ServedBinding* binding : setup_.bindings)
    if (!binding->runner->dispatcher().idle()) names.push_back(binding->name());
  return names;
}

void Retirement::wait_idle() {
  const auto stuck = busy();
  if (stuck.empty()) return stop_sinks();
  const auto now = std::chrono::steady_clock::now();
  if (now >= setup_.deadline) force();
  if (now >= setup_.deadline + kGrace) {
    if (!setup_.at_any_cost) return give_in(stuck);
    return stop_sinks();
  }
  poll_.after(kPoll, [this] { wait_idle(); });
}

// Again and again: a sink that has just ended gives its events back.
void Retirement::force() {
  for (ServedBinding* binding : setup_.bindings) {
    if (binding->runner->dispatcher().idle()) continue;
    if (binding->sink) binding->sink->end();
    if (FunctionRunner* function = function_of(*binding); function != nullptr && !forced_)
      function->abandon(*binding->runner);
  }
  forced_ = true;
}

void Retirement::give_in(const std::vector<std::string>& stuck) {
  for (ServedBinding* binding : setup_.bindings) {
    binding->runner->hold(Hold::ending, false);
    if (binding->sink) binding->sink->resume();
  }
  done_(stuck);
}

// Those that have not ended yet: their thread waits for their system.
std::vector<std::string> Retirement::end_sinks() {
  std::vector<std::string> names;
  for (ServedBinding* binding : setup_.bindings)
    if (binding->sink && !binding->sink->end()) names.push_back(binding->name());
  return names;
}

// A thread that hangs is joined at the end of the engine only: the shard would hang with it.
void Retirement::stop_sinks() {
  const auto stuck = end_sinks();
  if (!stuck.empty()) {
    if (std::chrono::steady_clock::now() < setup_.deadline + kGrace)
      return poll_.after(kPoll, [this] { stop_sinks(); });
    if (!setup_.at_any_cost) return give_in(stuck);
  }
  for (ServedBinding* binding : setup_.bindings)
    if (binding->sink) binding->sink->stop();
  stop_inputs();
}

void Retirement::stop_inputs() {
  if (setup_.bindings.empty()) return stop_functions();
  const auto one = after(setup_.bindings.size(), [this] { stop_functions(); });
  for (ServedBinding* binding : setup_.bindings) {
    if (FunctionRunner* function = function_of(*binding)) function->release(*binding->runner);
    binding->runner->stop(setup_.deadline, one);
  }
}

void Retirement::stop_functions() {
  if (setup_.functions.empty()) return done_({});
  const auto one = after(setup_.functions.size(), [this] { done_({}); });
  for (FunctionRunner* function : setup_.functions) function->stop(setup_.deadline, one);
}

}  // namespace pelton::runtime
