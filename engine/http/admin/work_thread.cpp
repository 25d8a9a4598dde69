// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/work_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace pelton::http {

struct WorkThread::Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;  // guarded by mutex
  bool ended = false;    // guarded by mutex
};

WorkThread::WorkThread()
    : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { work(*queue); }) {}

WorkThread::~WorkThread() {
  {
    std::lock_guard lock(queue_->mutex);
    queue_->ended = true;
  }
  queue_->changed.notify_one();
  thread_.join();
}

void WorkThread::run(Job job) {
  push(*queue_, std::move(job));
}

void WorkThread::push(Queue& queue, Job job) {
  {
    std::lock_guard lock(queue.mutex);
    if (queue.ended) return;
    queue.jobs.push_back(std::move(job));
  }
  queue.changed.notify_one();
}

void WorkThread::work(Queue& queue) {
  std::unique_lock lock(queue.mutex);
  for (;;) {
    queue.changed.wait(lock, [&queue] { return queue.ended || !queue.jobs.empty(); });
    if (queue.ended) break;
    Job job = std::move(queue.jobs.front());
    queue.jobs.pop_front();
    lock.unlock();
    job();
    // What it holds goes without the lock.
    job = nullptr;
    lock.lock();
  }
  std::deque<Job> dropped = std::move(queue.jobs);
  lock.unlock();
}

std::shared_ptr<net::BodyStream> WorkThread::made_here(std::shared_ptr<net::BodyStream> body) {
  class Moved final : public net::BodyStream {
   public:
    Moved(std::shared_ptr<Queue> queue, std::shared_ptr<net::BodyStream> body)
        : queue_(std::move(queue)), body_(std::move(body)) {}
    void next(net::PieceAnswer answer) override {
      push(*queue_,
           [body = body_, answer = std::move(answer)]() mutable { body->next(std::move(answer)); });
    }

   private:
    // Shared with the thread; with the piece that is being made.
    const std::shared_ptr<Queue> queue_;
    const std::shared_ptr<net::BodyStream> body_;
  };
  return std::make_shared<Moved>(queue_, std::move(body));
}

}  // namespace pelton::http
