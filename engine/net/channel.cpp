// SPDX-License-Identifier: Apache-2.0
#include "engine/net/channel.h"

#include "engine/net/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace pelton::net {
namespace {

using Then = Moved::Then;

constexpr std::size_t kRecord = 16U << 10;
constexpr std::string_view kNotHttps =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    "Content-Length: 38\r\n\r\nThis address serves HTTPS, not HTTP.\r\n";

// Of recv() or sendmsg().
Moved by_socket(ssize_t result, Then wait) {
  if (result > 0) return {Then::go_on, static_cast<std::size_t>(result)};
  if (result < 0 && errno == EINTR) return {Then::go_on, 0};
  return {result < 0 && errno == EAGAIN ? wait : Then::end, 0};
}

}  // namespace

Channel::Channel(Socket&& socket, Ssl tls) : socket_(std::move(socket)), tls_(std::move(tls)) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
}

int Channel::descriptor() const {
  return const_cast<Socket&>(socket_).native_handle();
}

Moved Channel::by_tls(int result) {
  if (result > 0) return {Then::go_on, static_cast<std::size_t>(result)};
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {Then::wait_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {Then::wait_write, 0};
    default:
      break;
  }
  // After such an error OpenSSL must not be asked for an orderly end.
  broken_ = true;
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL && reason == SSL_R_HTTP_REQUEST)
    ::send(descriptor(), kNotHttps.data(), kNotHttps.size(), MSG_NOSIGNAL);
  ERR_clear_error();
  return {Then::end, 0};
}

Moved Channel::handshake() {
  ERR_clear_error();
  Moved moved = by_tls(SSL_do_handshake(tls_.get()));
  const bool waits = moved.then == Then::wait_read || moved.then == Then::wait_write;
  if (waits && BIO_number_read(SSL_get_rbio(tls_.get())) > kMaxHandshakeBytes)
    moved.then = Then::end;
  // What it holds of the peer's words is not kept until that has heard of the end.
  if (moved.then == Then::end) tls_.reset();
  return moved;
}

Moved Channel::receive(std::span<char> into) {
  if (tls_) {
    ERR_clear_error();
    return by_tls(SSL_read(tls_.get(), into.data(),
                           static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX))));
  }
  return by_socket(::recv(descriptor(), into.data(), into.size(), 0), Then::wait_read);
}

Moved Channel::send(std::span<const std::string_view> parts) {
  return tls_ ? send_encrypted(parts) : send_clear(parts);
}

Moved Channel::send_clear(std::span<const std::string_view> parts) {
  std::array<iovec, 4> buffers{};
  const std::size_t count = std::min(parts.size(), buffers.size());
  for (std::size_t i = 0; i < count; ++i)
    buffers[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  const msghdr message{nullptr, 0, buffers.data(), count, nullptr, 0, 0};
  return by_socket(::sendmsg(descriptor(), &message, MSG_NOSIGNAL), Then::wait_write);
}

// Together, as far as a record goes: a head and its body are one. A try that has to be repeated
// has the same bytes again, as OpenSSL wants it.
Moved Channel::send_encrypted(std::span<const std::string_view> parts) {
  std::array<char, kRecord> record;
  std::size_t size = 0;
  for (const std::string_view part : parts)
    size += part.copy(record.data() + size, record.size() - size);
  ERR_clear_error();
  return by_tls(SSL_write(tls_.get(), record.data(), static_cast<int>(size)));
}

bool Channel::has_more() const {
  return tls_ && SSL_pending(tls_.get()) > 0;
}

void Channel::finish() {
  if (tls_ && !broken_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
    ERR_clear_error();
    broken_ = true;
  }
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

bool Channel::throw_away(std::span<char> into) {
  const ssize_t got = ::recv(descriptor(), into.data(), into.size(), 0);
  return got > 0 || (got < 0 && errno == EAGAIN);
}

void Channel::close() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

std::string Channel::peer_address() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (::getpeername(descriptor(), address, &length) != 0) return {};
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(&storage)->sin_addr, text, sizeof text);
  if (storage.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6*>(&storage)->sin6_addr, text, sizeof text);
  return text;
}

bool Channel::has_gone() const {
  pollfd entry{descriptor(), 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

bool Channel::says_no_more() const {
  if (tls_) {
    // Its last record is a farewell that nobody reads while a request is answered.
    pollfd entry{descriptor(), POLLRDHUP, 0};
    return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }
  char byte = 0;
  const ssize_t got = ::recv(descriptor(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace pelton::net
