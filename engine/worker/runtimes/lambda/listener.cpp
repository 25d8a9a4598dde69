// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/listener.h"

#include "engine/worker/process/socket_owner.h"

#include <boost/asio/ip/tcp.hpp>
#include <netinet/tcp.h>

#include <cstring>
#include <utility>

namespace pelton::worker::lambda {
namespace {

using boost::system::error_code;
using Tcp = boost::asio::ip::tcp;

constexpr std::size_t kConnections = 64;
// More than any answer may have: one that is larger is read to its end and then refused.
constexpr std::size_t kLargestBody = 32U << 20;
// Clients send the cause of an error, of up to 1 MiB, in a header.
constexpr std::size_t kLargestHead = 5U << 18;
constexpr std::size_t kReadBuffer = 64U << 10;
// The process waits for events, and works on one, as long as it likes.
constexpr std::chrono::hours kNoHurry{24 * 365};
constexpr std::chrono::milliseconds kPause{100};
constexpr std::chrono::milliseconds kPauseOfStrangers{1};

net::Limits limits() {
  net::Limits limits;
  limits.connections = kConnections;
  limits.reserve = 0;
  limits.head = kLargestHead;
  limits.body = kLargestBody;
  limits.pot = 2 * kLargestBody;
  limits.header_time = limits.body_time = limits.response_time = kNoHurry;
  return limits;
}

std::uint16_t port_of(const net::Stream::endpoint& bound) {
  Tcp::endpoint tcp;
  std::memcpy(tcp.data(), bound.data(), std::min(bound.size(), tcp.capacity()));
  return tcp.port();
}

}  // namespace

Listener::Listener(boost::asio::io_context& io, net::RequestHandler& handler)
    : acceptor_(io),
      pause_(io),
      path_(std::make_shared<net::ReturnPath>(io)),
      host_{handler, limits(), path_, net::Crowd(limits()), std::vector<char>(kReadBuffer)} {}

Listener::~Listener() {
  path_->close();
  net::close_sessions(host_);
}

Status Listener::open() {
  const net::Stream::endpoint endpoint(Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return fail_errno("E3001", "listening on 127.0.0.1", error.value());
  address_ = fmt::format("127.0.0.1:{}", port_of(acceptor_.local_endpoint()));
  return {};
}

void Listener::admit(pid_t process) {
  process_ = process;
  accept();
}

void Listener::accept() {
  acceptor_.async_accept(
      [this, alive = std::weak_ptr(alive_)](const error_code& error, net::Socket socket) {
        if (alive.expired() || error == boost::asio::error::operation_aborted) return;
        if (!error && take(std::move(socket))) return accept();
        // Out of descriptors: it may pass. Strangers cost others of this engine no time.
        pause_.after(error ? kPause : kPauseOfStrangers, [this] { accept(); });
      });
}

bool Listener::take(net::Socket&& socket) {
  const int connection = socket.native_handle();
  if (!is_peer(connection, process_)) return false;
  if (host_.crowd.make_room(std::chrono::steady_clock::now()) != net::Crowd::Admission::any)
    return true;
  const int yes = 1;
  ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  net::open_session(net::Channel(std::move(socket), nullptr), host_, net::Crowd::Admission::any);
  return true;
}

}  // namespace pelton::worker::lambda
