// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/mailbox.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace pelton::thread {

void Mailbox::post(Call call) {
  {
    std::lock_guard lock(mutex_);
    // What the call owns goes with it, outside the lock.
    if (closed_) return;
    calls_.push_back(std::move(call));
    if (std::exchange(scheduled_, true)) return;
  }
  boost::asio::post(io_, [this] { drain(); });
}

void Mailbox::close() {
  std::vector<Call> dropped;  // outside the lock: what they own may post
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(calls_);
}

void Mailbox::drain() {
  {
    std::lock_guard lock(mutex_);
    running_.swap(calls_);
    scheduled_ = false;
  }
  for (Call& call : running_) call();
  running_.clear();
}

}  // namespace pelton::thread
