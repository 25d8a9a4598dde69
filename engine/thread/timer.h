// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace pelton::thread {

// Shard-confined. One shot at a time; setting it again replaces what was set.
class Timer {
 public:
  explicit Timer(boost::asio::io_context& io);
  ~Timer();
  void after(Duration delay, std::function<void()> call);
  void cancel();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::thread
