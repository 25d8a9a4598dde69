// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_runner.h"

#include "engine/worker/runtimes/builtin.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

namespace {

worker::PoolOptions metered(worker::PoolOptions options, decltype(worker::PoolOptions::used) used) {
  options.used = std::move(used);
  return options;
}

}  // namespace

FunctionRunner::FunctionRunner(const config::Function& function, boost::asio::io_context& io,
                               worker::PoolOptions options, worker::LineListener lines,
                               UsageMeter& meter)
    : function_(function),
      meter_(meter),
      usage_{{nullptr, &meter.open(function.name, "")}},
      pool_(io, function_, worker::builtin_runtime(function.runtime), {},
            metered(std::move(options), [this](const worker::FrameSource* source,
                                               const model::Usage& usage) { used(source, usage); }),
            std::move(lines)) {}

void FunctionRunner::used(const worker::FrameSource* source, const model::Usage& usage) {
  if (usage.cold_starts > 0) measure_memory();
  const auto known = usage_.find(source);
  model::Usage& sum = *(known == usage_.end() ? usage_.at(nullptr) : known->second);
  sum.add(usage);
  const std::uint64_t bytes = function_.memory_bytes.value_or(memory_bytes_);
  sum.mib_ms += usage.billed_ms * (bytes >> 20);
  sum.peak_memory = std::max(sum.peak_memory, memory_bytes_);
}

void FunctionRunner::measure_memory() {
  for (const worker::WorkerInfo& info : pool_.stats().workers)
    memory_bytes_ = std::max(memory_bytes_, info.memory_bytes);
}

void FunctionRunner::serve(BindingRunner& binding) {
  usage_[&binding] = &meter_.open(function_.name, binding.dispatcher().options().binding);
  binding.on_work([this] { pool_.wake(); });
  pool_.add(binding);
}

void FunctionRunner::serve(http::CallQueue& calls) {
  calls.on_work([this] { pool_.wake(); });
  pool_.add(calls);
}

void FunctionRunner::release(http::CallQueue& calls) {
  calls.on_work(nullptr);
  pool_.remove(calls);
}

void FunctionRunner::release(BindingRunner& binding) {
  binding.on_work(nullptr);
  pool_.remove(binding);
  usage_.erase(&binding);
}

}  // namespace pelton::runtime
