// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/thread/timer.h"
#include "engine/worker/runtimes/http/connection.h"

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pelton::worker::http {

// Waits until a process takes requests: connects until it listens, finds out whether it is the
// process that does, and asks for the path if there is one. Shard-confined.
class Readiness {
 public:
  struct Target {
    std::uint16_t port = 0;
    pid_t process = -1;
    std::string host;
    std::optional<std::string> path;
  };
  // Where it listens, and a connection that can be used. unavailable: the port is another
  // process's.
  using Ready = std::move_only_function<void(Address, Result<std::unique_ptr<Connection>>)>;

  explicit Readiness(boost::asio::io_context& io) : io_(io), timer_(io) {}
  void wait(Target target, Ready ready);

 private:
  void connect();
  void connected(bool open);
  void ask();
  void later(Duration delay);
  void finish(Result<std::unique_ptr<Connection>>&& result);

  boost::asio::io_context& io_;
  thread::Timer timer_;
  Target target_;
  Ready ready_;
  Address address_;
  std::unique_ptr<Connection> connection_;
  Duration pause_{};
  int strangers_ = 0;  // looks in a row at which the port was another process's
};

}  // namespace pelton::worker::http
