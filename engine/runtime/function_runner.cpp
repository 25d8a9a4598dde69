// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_runner.h"

#include "engine/worker/runtimes/builtin.h"

#include <utility>

namespace pelton::runtime {

FunctionRunner::FunctionRunner(const config::Function& function, boost::asio::io_context& io,
                               worker::PoolOptions options, worker::LineListener lines)
    : function_(function),
      pool_(io, function_, worker::builtin_runtime(function.runtime), {}, std::move(options),
            std::move(lines)) {}

void FunctionRunner::serve(BindingRunner& binding) {
  binding.on_work([this] { pool_.wake(); });
  pool_.add(binding);
}

void FunctionRunner::release(BindingRunner& binding) {
  binding.on_work(nullptr);
  pool_.remove(binding);
}

}  // namespace pelton::runtime
