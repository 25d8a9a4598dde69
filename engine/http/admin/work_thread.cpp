// SPDX-License-Identifier: Apache-2.0
#include "engine/http/admin/work_thread.h"

namespace pelton::http {

WorkThread::WorkThread() {
  jobs_->start();
}

WorkThread::~WorkThread() {
  jobs_->stop();
}

void WorkThread::run(Job job) {
  jobs_->run(std::move(job));
}

void WorkThread::run_on(const std::weak_ptr<thread::JobThread>& thread, Job job) {
  if (const auto jobs = thread.lock()) jobs->run(std::move(job));
}

std::shared_ptr<net::BodyStream> WorkThread::made_here(std::shared_ptr<net::BodyStream> body) {
  class Moved final : public net::BodyStream {
   public:
    Moved(std::weak_ptr<thread::JobThread> jobs, std::shared_ptr<net::BodyStream> body)
        : jobs_(std::move(jobs)), body_(std::move(body)) {}
    void next(net::PieceAnswer answer) override {
      run_on(jobs_, [body = body_, answer = std::move(answer)]() mutable {
        body->next(std::move(answer));
      });
    }

   private:
    const std::weak_ptr<thread::JobThread> jobs_;
    // Shared with the piece that is being made.
    const std::shared_ptr<net::BodyStream> body_;
  };
  return std::make_shared<Moved>(jobs_, std::move(body));
}

}  // namespace pelton::http
