// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_runner.h"

#include "engine/base/ensure.h"
#include "engine/worker/runtimes/builtin.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

namespace {

const worker::RuntimeSpec& runtime_of(const config::Function& function) {
  const auto& runtimes = worker::builtin_runtimes();
  const auto spec = std::ranges::find(runtimes, function.runtime, &worker::RuntimeSpec::name);
  ENSURE(spec != runtimes.end(), "the config let an unknown runtime pass: {}", function.runtime);
  return *spec;
}

}  // namespace

FunctionRunner::FunctionRunner(const config::Function& function, boost::asio::io_context& io,
                               worker::PoolOptions options, worker::LineListener lines)
    : function_(function),
      pool_(io, function_, runtime_of(function), {}, std::move(options), std::move(lines)) {}

void FunctionRunner::serve(BindingRunner& binding) {
  binding.on_work([this] { pool_.wake(); });
  pool_.add(binding);
}

void FunctionRunner::release(BindingRunner& binding) {
  binding.on_work(nullptr);
  pool_.remove(binding);
}

}  // namespace pelton::runtime
