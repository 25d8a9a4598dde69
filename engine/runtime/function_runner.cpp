// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/function_runner.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

FunctionRunner::FunctionRunner(const config::Function& function,
                               std::vector<BindingRunner*> bindings, boost::asio::io_context& io,
                               worker::PoolOptions options, worker::LineListener lines)
    : function_(function),
      bindings_(std::move(bindings)),
      pool_(io, function, *this, std::move(options), std::move(lines)) {
  for (BindingRunner* binding : bindings_) binding->on_work([this] { pool_.wake(); });
}

bool FunctionRunner::has_work() {
  return std::ranges::any_of(bindings_, [](BindingRunner* b) { return b->has_work(); });
}

std::optional<model::Frame> FunctionRunner::pull(WorkerId worker,
                                                 const model::FrameLimits& limits) {
  for (std::size_t tried = 0; tried < bindings_.size(); ++tried) {
    BindingRunner& binding = *bindings_[next_];
    next_ = (next_ + 1) % bindings_.size();
    if (auto frame = binding.pull(worker, limits)) return frame;
  }
  return std::nullopt;
}

Status FunctionRunner::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  // A frame's id names its binding (model::binding_of); a garbage id goes to the first binding,
  // which counts it as late.
  for (BindingRunner* binding : bindings_)
    if (binding->dispatcher().options().id == model::binding_of(frame))
      return binding->finished(worker, frame, std::move(result));
  return bindings_.front()->finished(worker, frame, std::move(result));
}

void FunctionRunner::lost(WorkerId worker, const model::WorkerLoss& loss) {
  for (BindingRunner* binding : bindings_) binding->lost(worker, loss);
}

}  // namespace pelton::runtime
