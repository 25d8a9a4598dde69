// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/answer.h"
#include "engine/net/message.h"

#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace pelton::http {

// The thread on which admin requests are parsed, answered and rendered, so that neither a large
// body nor a long search keeps the transport's thread from the next health check. Jobs run in the
// order in which they came; connections bound their number.
class WorkThread {
 public:
  using Job = std::move_only_function<void()>;

  WorkThread();
  ~WorkThread();  // jobs that have not begun are dropped
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  // Any thread.
  void run(Job job);
  // An answer that is handled on this thread, and dropped once the thread has ended.
  template <typename T>
  Answer<T> answer(Answer<T> handle) {
    return [queue = queue_, handle = std::move(handle)](Result<T> result) mutable {
      push(*queue, [handle = std::move(handle), result = std::move(result)]() mutable {
        handle(std::move(result));
      });
    };
  }
  // A body whose pieces are made on this thread.
  std::shared_ptr<net::BodyStream> made_here(std::shared_ptr<net::BodyStream> body);

 private:
  struct Queue;
  static void push(Queue& queue, Job job);
  static void work(Queue& queue);

  // Shared by this and the answers that are still to come.
  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace pelton::http
