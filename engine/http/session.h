// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/http/admin/router.h"
#include "engine/http/server.h"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <set>

namespace pelton::http {

// One type for Unix sockets and TCP: what serves a connection is compiled once.
using Stream = boost::asio::generic::stream_protocol;
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<Stream, Executor>;

// The way back to the http thread for answers, which may come from any thread and after the server
// is gone: then they are dropped.
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

class Session;

// What the sessions of one listener share. The http thread's.
struct SessionHost {
  Router router;
  const ServerLimits limits;
  // Shared by the server and the answers that are still to come.
  std::shared_ptr<ReturnPath> path;
  std::size_t& bodies;  // bytes claimed by all requests of all listeners
  // Shared by this list and the operations under way; answers hold weak ones, since the last owner
  // must let go on this thread.
  std::set<std::shared_ptr<Session>> open = {};
};

// Serves the requests of one connection, one after another, until it closes: a session of
// `host.open`. The host outlives its sessions.
void open_session(Socket&& socket, SessionHost& host);

}  // namespace pelton::http
