// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <mutex>
#include <utility>

namespace pelton::net {

// The way back to the transport's thread for answers, which may come from any thread and after the
// server is gone: then they are dropped.
class ReturnPath {
 public:
  explicit ReturnPath(boost::asio::io_context& io) : io_(&io) {}
  template <typename Function>
  void post(Function&& function) {
    std::lock_guard lock(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::forward<Function>(function));
  }
  void close() {
    std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;  // guarded by mutex_; null once closed
};

}  // namespace pelton::net
