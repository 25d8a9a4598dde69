// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/timer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace pelton::thread {

class Timer::Impl {
 public:
  explicit Impl(boost::asio::io_context& io) : timer(io) {}
  boost::asio::steady_timer timer;
};

Timer::Timer(boost::asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
Timer::~Timer() = default;

void Timer::after(Duration delay, std::function<void()> call) {
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait([call = std::move(call)](const boost::system::error_code& error) {
    if (!error) call();
  });
}

void Timer::cancel() {
  impl_->timer.cancel();
}

}  // namespace pelton::thread
