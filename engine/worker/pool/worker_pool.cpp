// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_pool.h"

#include "engine/worker/pool/pool_impl.h"

namespace pelton::worker {

WorkerPool::WorkerPool(boost::asio::io_context& io, const config::Function& function,
                       const RuntimeSpec& runtime, std::vector<FrameSource*> sources,
                       PoolOptions options, LineListener lines)
    : impl_(std::make_unique<Impl>(io, function, runtime, std::move(sources), std::move(options),
                                   std::move(lines))) {}
WorkerPool::~WorkerPool() = default;

void WorkerPool::start() {
  impl_->start();
}
void WorkerPool::wake() {
  impl_->wake();
}
void WorkerPool::prove(std::function<void(Status)> done) {
  impl_->prove(std::move(done));
}
void WorkerPool::add(FrameSource& source) {
  impl_->add(source);
}
void WorkerPool::remove(const FrameSource& source) {
  impl_->remove(source);
}
void WorkerPool::abandon(const FrameSource& source) {
  impl_->abandon(source);
}
void WorkerPool::renew(Answer<std::size_t> done) {
  impl_->renew(std::move(done));
}
void WorkerPool::stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  impl_->stop(deadline, std::move(done));
}
PoolStats WorkerPool::stats() const {
  return impl_->stats();
}

}  // namespace pelton::worker
