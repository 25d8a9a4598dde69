// SPDX-License-Identifier: Apache-2.0
#include "engine/net/farewell.h"

#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>

namespace pelton::net {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};

// Owned by the waits that are under way: both end with close().
class Farewell final : public Peer, public std::enable_shared_from_this<Farewell> {
 public:
  Farewell(Channel&& channel, Crowd& crowd)
      : channel_(std::move(channel)), crowd_(crowd), deadline_(channel_.socket().get_executor()) {
    crowd_.add(*this);
  }

  void say() {
    channel_.finish();
    deadline_.expires_after(kPatience);
    deadline_.async_wait([self = shared_from_this()](const auto& error) {
      if (!error) self->close();
    });
    listen();
  }

  std::optional<Pace::Span> behind(Pace::Time) const override { return Pace::Span::max(); }
  std::size_t held() const override { return 0; }
  void give_way() override { close(); }

 private:
  void listen() {
    channel_.socket().async_wait(Socket::wait_read, [self = shared_from_this()](const auto& error) {
      if (!self->open_) return;
      std::array<char, 16U << 10> thrown_away;
      error || !self->channel_.throw_away(thrown_away) ? self->close() : self->listen();
    });
  }

  void close() {
    if (!std::exchange(open_, false)) return;
    crowd_.remove(*this);
    deadline_.cancel();
    channel_.close();
  }

  Channel channel_;
  Crowd& crowd_;
  boost::asio::steady_timer deadline_;
  bool open_ = true;
};

}  // namespace

void say_farewell(Channel&& channel, Crowd& crowd) {
  std::make_shared<Farewell>(std::move(channel), crowd)->say();
}

}  // namespace pelton::net
