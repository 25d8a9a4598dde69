// SPDX-License-Identifier: Apache-2.0
#include "engine/thread/timer.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>

namespace pelton::thread {

class Timer::Impl {
 public:
  explicit Impl(boost::asio::io_context& io) : timer(io) {}
  boost::asio::steady_timer timer;
  // Of the setting that counts. A handler that is queued already cannot be cancelled: it sees that
  // it is of an earlier one, or that the timer is gone.
  std::shared_ptr<std::uint64_t> setting = std::make_shared<std::uint64_t>(0);
};

Timer::Timer(boost::asio::io_context& io) : impl_(std::make_unique<Impl>(io)) {}
Timer::~Timer() = default;

void Timer::after(Duration delay, std::function<void()> call) {
  const std::uint64_t mine = ++*impl_->setting;
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait([setting = std::weak_ptr(impl_->setting), mine,
                           call = std::move(call)](const boost::system::error_code& error) {
    const auto now = setting.lock();
    if (!error && now && *now == mine) call();
  });
}

void Timer::cancel() {
  ++*impl_->setting;
  impl_->timer.cancel();
}

}  // namespace pelton::thread
