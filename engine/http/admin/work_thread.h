// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/net/message.h"
#include "engine/thread/job_thread.h"

#include <memory>
#include <utility>

namespace pelton::http {

// The thread on which admin requests are parsed, answered and rendered, so that neither a large
// body nor a long search keeps the transport's thread from the next health check. Jobs run in the
// order in which they came; connections bound their number.
class WorkThread {
 public:
  using Job = thread::JobThread::Job;

  WorkThread();
  ~WorkThread();  // jobs that have not begun are dropped
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // Any thread.
  void run(Job job);
  // An answer that is handled on this thread, and dropped once the thread has ended.
  template <typename T>
  Answer<T> answer(Answer<T> handle) {
    return [jobs = std::weak_ptr(jobs_), handle = std::move(handle)](Result<T> result) mutable {
      run_on(jobs, [handle = std::move(handle), result = std::move(result)]() mutable {
        handle(std::move(result));
      });
    };
  }
  // A body whose pieces are made on this thread.
  std::shared_ptr<net::BodyStream> made_here(std::shared_ptr<net::BodyStream> body);

 private:
  static void run_on(const std::weak_ptr<thread::JobThread>& thread, Job job);

  // This one's; answers that are still to come hold it weakly.
  const std::shared_ptr<thread::JobThread> jobs_ = std::make_shared<thread::JobThread>();
};

}  // namespace pelton::http
