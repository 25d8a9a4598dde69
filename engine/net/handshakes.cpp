// SPDX-License-Identifier: Apache-2.0
#include "engine/net/handshakes.h"

#include "engine/net/farewell.h"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

namespace pelton::net {
namespace {

using Then = Moved::Then;

Pace::Time moment() {
  return std::chrono::steady_clock::now();
}

}  // namespace

class Handshake final : public Peer, public std::enable_shared_from_this<Handshake> {
 public:
  Handshake(Channel&& channel, Handshakes& all, Crowd::Admission admission)
      : channel_(std::move(channel)),
        all_(all),
        admission_(admission),
        deadline_(channel_.socket().get_executor(), Pace::Time::max()) {
    all_.crowd_.add(*this);
  }

  void wait(Socket::wait_type until);

  // While it is computed with, it cannot give way, even to a peer that has gone: the channel is the
  // other thread's.
  std::optional<Pace::Span> behind(Pace::Time at) const override {
    return pace_.waiting() ? std::optional(pace_.behind(at)) : std::nullopt;
  }
  std::size_t held() const override { return claimed_; }
  void give_way() override {
    const auto self = shared_from_this();
    leave();
    channel_.close();
  }

 private:
  void compute();
  void go_on(Moved moved);
  void leave();

  Channel channel_;
  Handshakes& all_;
  const Crowd::Admission admission_;
  boost::asio::steady_timer deadline_;  // armed while the peer is waited for
  Pace pace_;
  std::size_t claimed_ = 0;
  bool open_ = true;
};

void Handshake::wait(Socket::wait_type until) {
  pace_.begin_wait(moment());
  deadline_.expires_at(moment() + (all_.limits_.header_time - pace_.behind(moment())));
  deadline_.async_wait([self = shared_from_this()](const auto& error) {
    if (!error && self->open_ && self->deadline_.expiry() <= moment()) self->give_way();
  });
  channel_.socket().async_wait(until, [self = shared_from_this()](const auto& error) {
    if (!self->open_) return;
    error ? self->give_way() : self->compute();
  });
}

void Handshake::compute() {
  pace_.end_wait(moment(), 0);
  deadline_.expires_at(Pace::Time::max());
  // A peer that has sent nothing holds nothing.
  if (claimed_ == 0) {
    if (!all_.crowd_.claim(*this, kHandshakeMemory, moment())) return give_way();
    claimed_ = kHandshakeMemory;
  }
  all_.work_.run([self = shared_from_this(), path = all_.path_]() mutable {
    // In a flood many have gone by the time it is their turn.
    const Moved moved =
        self->channel_.says_no_more() ? Moved{Then::end, 0} : self->channel_.handshake();
    path->post([self = std::move(self), moved] { self->go_on(moved); });
  });
}

void Handshake::go_on(Moved moved) {
  if (moved.then == Then::wait_read || moved.then == Then::wait_write)
    return wait(moved.then == Then::wait_read ? Socket::wait_read : Socket::wait_write);
  leave();
  if (moved.then == Then::go_on) return all_.done_(std::move(channel_), admission_);
  // OpenSSL has told the peer what is wrong.
  say_farewell(std::move(channel_), all_.crowd_);
}

void Handshake::leave() {
  if (!std::exchange(open_, false)) return;
  deadline_.cancel();
  all_.crowd_.release(std::exchange(claimed_, 0));
  all_.crowd_.remove(*this);
  all_.open_.erase(shared_from_this());
}

Handshakes::Handshakes(Crowd& crowd, const Limits& limits, std::shared_ptr<ReturnPath> path,
                       Done done)
    : crowd_(crowd), limits_(limits), path_(std::move(path)), done_(std::move(done)) {
  work_.start();
}

Handshakes::~Handshakes() {
  work_.stop();
}

bool Handshakes::make_room(Pace::Time now) {
  if (open_.size() < std::max<std::size_t>(limits_.connections / 2, 1)) return true;
  const auto slowest =
      std::ranges::max_element(open_, {}, [now](const std::shared_ptr<Handshake>& each) {
        return each->behind(now).value_or(Pace::Span::min());
      });
  if (!(*slowest)->behind(now)) return false;
  std::shared_ptr(*slowest)->give_way();
  return true;
}

void Handshakes::begin(Channel&& channel, Crowd::Admission admission) {
  (*open_.insert(std::make_shared<Handshake>(std::move(channel), *this, admission)).first)
      ->wait(Socket::wait_read);
}

}  // namespace pelton::net
