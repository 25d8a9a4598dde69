// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_runner.h"

#include "engine/runtime/worker_log.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

namespace {

worker::PoolOptions heard(worker::PoolOptions options, decltype(worker::PoolOptions::used) used,
                          worker::ReportListener reported) {
  options.used = std::move(used);
  options.reported = std::move(reported);
  return options;
}

}  // namespace

FunctionRunner::FunctionRunner(const config::Function& function, const worker::RuntimeSpec& runtime,
                               boost::asio::io_context& io, worker::PoolOptions options,
                               UsageMeter& meter, observe::FunctionLog& log)
    : function_(function),
      meter_(meter),
      usage_{{nullptr, &meter.open(function.name, "")}},
      log_(log),
      pool_(io, function_, runtime, {},
            heard(
                std::move(options),
                [this](const worker::FrameSource* source, const model::Usage& usage) {
                  used(source, usage);
                },
                [this](const worker::InvocationReport& report) { reported(report); }),
            [this](const worker::WorkerLine& line) { wrote(line); }) {
  log_.keep(function_.name, function_.log_bytes);
}

void FunctionRunner::wrote(const worker::WorkerLine& line) {
  if (calls_ != nullptr) calls_->wrote(line);
  log_line(line, log_);
}

void FunctionRunner::reported(const worker::InvocationReport& report) {
  if (calls_ != nullptr) calls_->reported(report);
  if (function_.takes_documents) log_report(report, log_);
}

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
  calls_ = &calls;
  calls.on_work([this] { pool_.wake(); });
  pool_.add(calls);
}

void FunctionRunner::release(http::CallQueue& calls) {
  calls_ = nullptr;
  calls.on_work(nullptr);
  pool_.remove(calls);
}

void FunctionRunner::release(BindingRunner& binding) {
  binding.on_work(nullptr);
  pool_.remove(binding);
  usage_.erase(&binding);
}

}  // namespace pelton::runtime
