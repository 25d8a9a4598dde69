// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/session.h"
#include "engine/thread/timer.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace pelton::worker::lambda {

// HTTP on a port of 127.0.0.1 for one process. Shard-confined. Destroying it ends its connections.
class Listener {
 public:
  // The handler outlives it.
  Listener(boost::asio::io_context& io, net::RequestHandler& handler);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds, so that the address is known before the process is; who connects has to wait. E3001.
  Status open();
  const std::string& address() const { return address_; }  // "127.0.0.1:41234"
  // Lets the process, and those below it, in; others are disconnected.
  void admit(pid_t process);

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<net::Stream, net::Executor>;
  void accept();
  // False: from a stranger.
  bool take(net::Socket&& socket);

  Acceptor acceptor_;
  thread::Timer pause_;
  // Shared by this and the answers that are still to come.
  const std::shared_ptr<net::ReturnPath> path_;
  net::SessionHost host_;
  std::string address_;
  pid_t process_ = 0;
  // Owned by this alone; operations under way look whether it still is there.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace pelton::worker::lambda
