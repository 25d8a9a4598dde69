// SPDX-License-Identifier: Apache-2.0
#include "engine/http/server.h"

#include "engine/base/unique_fd.h"
#include "engine/http/session.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <thread>

namespace pelton::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;

std::unexpected<Error> cannot_listen(const std::string& where, const std::string& why) {
  return fail(ErrorKind::unavailable, "E5005", "cannot listen on {}: {}", where, why);
}

// Accepts connections and gives each a session.
class Listener {
 public:
  using Acceptor = asio::basic_socket_acceptor<Stream, Executor>;

  Listener(asio::io_context& io, SessionHost&& host)
      : acceptor_(io), pause_(io), host_(std::move(host)) {}

  Acceptor& acceptor() { return acceptor_; }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, Socket socket) {
      if (error == asio::error::operation_aborted) return;
      // Out of descriptors: it may pass.
      if (error) return accept_later();
      open_session(std::move(socket), host_);
      if (host_.open.size() >= kMaxConnections) return accept_later();
      accept();
    });
  }

 private:
  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const error_code& error) {
      if (error) return;
      return host_.open.size() >= kMaxConnections ? accept_later() : accept();
    });
  }

  Acceptor acceptor_;
  asio::steady_timer pause_;
  SessionHost host_;
};

std::uint16_t port_of(const Listener::Acceptor& acceptor) {
  const Stream::endpoint bound = acceptor.local_endpoint();
  Tcp::endpoint tcp;
  std::memcpy(tcp.data(), bound.data(), std::min(bound.size(), tcp.capacity()));
  return tcp.port();
}

// Over TCP there is nothing to be sent to us.
ServerLimits without_bodies(ServerLimits limits) {
  limits.body = kMaxHeaderBytes;
  return limits;
}

}  // namespace

class Server::Impl {
 public:
  Impl(AdminBackend& backend, const ServerLimits& limits)
      : local_(io_, {Router(backend, Surface::admin), limits, path_, bodies_}),
        tcp_(io_, {Router(backend, Surface::metrics), without_bodies(limits), path_, bodies_}) {}
  ~Impl() {
    path_->close();
    io_.stop();
    if (thread_.joinable()) thread_.join();
    error_code ignored;
    std::filesystem::remove(socket_, ignored);
  }

  Status listen(const ServerOptions& options) {
    if (auto ok = listen_local(options.socket); !ok) return ok;
    if (options.tcp)
      if (auto ok = listen_tcp(*options.tcp); !ok) return ok;
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::string tcp_address;

 private:
  Status listen_local(const std::filesystem::path& path) {
    // A path of a socket is at most 107 bytes long: the folder is named by a descriptor instead.
    const UniqueFd folder(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return cannot_listen(path.string(), "its folder cannot be opened");
    const std::string name =
        fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
    error_code error;
    std::filesystem::remove(path, error);
    auto& acceptor = local_.acceptor();
    acceptor.open(Stream(AF_UNIX, 0), error);
    // Before bind, which takes the file's mode from the socket: at no time may others open it.
    if (!error && ::fchmod(acceptor.native_handle(), 0600) != 0)
      error = error_code(errno, boost::system::system_category());
    if (!error) acceptor.bind(Local::endpoint(name), error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(path.string(), error.message());
    socket_ = path;
    local_.accept();
    return {};
  }

  Status listen_tcp(const ServerOptions::Tcp& tcp) {
    const std::string where = fmt::format("{}:{}", tcp.host, tcp.port);
    error_code error;
    Tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(tcp.host, std::to_string(tcp.port), Tcp::resolver::passive, error);
    if (error) return cannot_listen(where, error.message());
    auto& acceptor = tcp_.acceptor();
    const Stream::endpoint endpoint(found.begin()->endpoint());
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(where, error.message());
    tcp_address = fmt::format("{}:{}", tcp.host, port_of(acceptor));
    tcp_.accept();
    return {};
  }

  asio::io_context io_{1};
  // Shared by this and the answers that are still to come.
  std::shared_ptr<ReturnPath> path_ = std::make_shared<ReturnPath>(io_);
  std::size_t bodies_ = 0;
  Listener local_;
  Listener tcp_;
  std::filesystem::path socket_;
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
const std::string& Server::tcp_address() const {
  return impl_->tcp_address;
}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, AdminBackend& backend) {
  auto impl = std::make_unique<Impl>(backend, options.limits);
  if (auto ok = impl->listen(options); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

}  // namespace pelton::http
