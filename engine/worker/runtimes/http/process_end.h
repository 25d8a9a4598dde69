// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"

#include <sys/types.h>

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace pelton::worker::http {

// Says when a process has ended: a connection that was closed may mean that, or not. Waits for
// nothing in its place. Shard-confined.
class ProcessEnd {
 public:
  explicit ProcessEnd(boost::asio::io_context& io);
  ~ProcessEnd();
  // E3001.
  Status watch(pid_t process, std::function<void()> ended);

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::worker::http
