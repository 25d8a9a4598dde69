// SPDX-License-Identifier: Apache-2.0
#include "engine/net/server.h"

#include "engine/base/unique_fd.h"
#include "engine/net/handshakes.h"
#include "engine/net/session.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <thread>

namespace pelton::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;

constexpr std::chrono::seconds kLastAnswers{1};

std::unexpected<Error> cannot_listen(const std::string& where, const std::string& why) {
  return fail(ErrorKind::unavailable, "E5005", "cannot listen on {}: {}", where, why);
}

// Accepts connections and gives each a session.
class Listener {
 public:
  using Acceptor = asio::basic_socket_acceptor<Stream, Executor>;

  Listener(asio::io_context& io, const Listen& listen, std::shared_ptr<ReturnPath> path)
      : acceptor_(io),
        pause_(io),
        host_{.handler = *listen.handler,
              .limits = listen.limits,
              .path = std::move(path),
              .forwarding = listen.forwarding,
              .log = listen.log} {}

  Status open(const Listen& listen, asio::io_context& io) {
    if (listen.tls) {
      auto loaded = Certificates::load(*listen.tls, listen.on_new_certificates);
      if (!loaded) return std::unexpected(loaded.error());
      certificates_ = std::move(*loaded);
      handshakes_ =
          std::make_unique<Handshakes>(host_.crowd, host_.limits, host_.path,
                                       [this](Channel&& channel, Crowd::Admission admission) {
                                         open_session(std::move(channel), host_, admission);
                                       });
    }
    auto ok = listen.socket.empty() ? open_tcp(listen, io) : open_local(listen.socket);
    if (ok) accept();
    return ok;
  }
  const std::string& address() const { return address_; }

 private:
  Status open_local(const std::filesystem::path& path);
  Status open_tcp(const Listen& listen, asio::io_context& io);

  void accept() {
    acceptor_.async_accept([this](const error_code& error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      // Out of descriptors: it may pass.
      if (error) return pause([this] { accept(); });
      admit(std::move(socket));
    });
  }

  void admit(Socket&& socket) {
    const auto now = std::chrono::steady_clock::now();
    const bool room = !handshakes_ || handshakes_->make_room(now);
    const auto admission = room ? host_.crowd.make_room(now) : Crowd::Admission::none;
    if (admission != Crowd::Admission::none) {
      begin(std::move(socket), admission, now);
      return accept();
    }
    // Shared by nobody: the wait below only lends it to a copyable function.
    auto waiting = std::make_shared<Socket>(std::move(socket));
    pause([this, waiting] { admit(std::move(*waiting)); });
  }

  void begin(Socket&& socket, Crowd::Admission admission, Pace::Time now) {
    if (!certificates_) return open_session(Channel(std::move(socket), nullptr), host_, admission);
    if (Ssl tls = certificates_->accept(socket.native_handle(), now))
      handshakes_->begin(Channel(std::move(socket), std::move(tls)), admission);
  }

  void pause(std::function<void()> then) {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([then = std::move(then)](const error_code& error) {
      if (!error) then();
    });
  }

  Acceptor acceptor_;
  asio::steady_timer pause_;
  SessionHost host_;
  std::unique_ptr<Certificates> certificates_;  // null: HTTP
  std::unique_ptr<Handshakes> handshakes_;      // the same
  std::string address_;
};

Status Listener::open_local(const std::filesystem::path& path) {
  // A path of a socket is at most 107 bytes long: the folder is named by a descriptor instead.
  const UniqueFd folder(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return cannot_listen(path.string(), "its folder cannot be opened");
  const std::string name =
      fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
  error_code error;
  std::filesystem::remove(path, error);
  acceptor_.open(Stream(AF_UNIX, 0), error);
  // Before bind, which takes the file's mode from the socket: at no time may others open it.
  if (!error && ::fchmod(acceptor_.native_handle(), 0600) != 0)
    error = error_code(errno, boost::system::system_category());
  if (!error) acceptor_.bind(Local::endpoint(name), error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(path.string(), error.message());
  address_ = path.string();
  return {};
}

std::uint16_t port_of(const Listener::Acceptor& acceptor) {
  const Stream::endpoint bound = acceptor.local_endpoint();
  Tcp::endpoint tcp;
  std::memcpy(tcp.data(), bound.data(), std::min(bound.size(), tcp.capacity()));
  return tcp.port();
}

Status Listener::open_tcp(const Listen& listen, asio::io_context& io) {
  const std::string where = address_text(listen.host, listen.port);
  error_code error;
  Tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(listen.host, std::to_string(listen.port), Tcp::resolver::passive, error);
  if (error) return cannot_listen(where, error.message());
  const Stream::endpoint endpoint(found.begin()->endpoint());
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(where, error.message());
  address_ = address_text(listen.host, port_of(acceptor_));
  return {};
}

}  // namespace

std::string address_text(const std::string& host, std::uint16_t port) {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

class Server::Impl {
 public:
  ~Impl() {
    answer_the_last();
    path_->close();
    io_.stop();
    if (thread_.joinable()) thread_.join();
    error_code ignored;
    for (const auto& socket : sockets_) std::filesystem::remove(socket, ignored);
  }

  Status listen(const std::vector<Listen>& all) {
    for (const Listen& each : all) {
      listeners_.push_back(std::make_unique<Listener>(io_, each, path_));
      if (auto ok = listeners_.back()->open(each, io_); !ok) return ok;
      addresses.push_back(listeners_.back()->address());
      if (!each.socket.empty()) sockets_.push_back(each.socket);
    }
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::vector<std::string> addresses;

 private:
  // Answers that came so far are sent, as far as their sockets take them at once.
  void answer_the_last() {
    if (!thread_.joinable()) return;
    // Shared with the thread, which may be too late.
    const auto sent = std::make_shared<std::promise<void>>();
    asio::post(io_, [sent] { sent->set_value(); });
    sent->get_future().wait_for(kLastAnswers);
  }

  asio::io_context io_{1};
  // Shared by this and the answers that are still to come.
  std::shared_ptr<ReturnPath> path_ = std::make_shared<ReturnPath>(io_);
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::filesystem::path> sockets_;
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::vector<std::string>& Server::addresses() const {
  return impl_->addresses;
}

Result<std::unique_ptr<Server>> Server::start(const std::vector<Listen>& listen) {
  auto impl = std::make_unique<Impl>();
  if (auto ok = impl->listen(listen); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace pelton::net
