// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http/connection.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace pelton::http {
namespace {

constexpr int kPatienceMs = 10'000;

}  // namespace

Connection::Connection(const std::filesystem::path& socket)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", socket.c_str());
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

Connection::Connection(const std::string& tcp_address)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(tcp_address.substr(tcp_address.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

Connection& Connection::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto got = ::send(fd_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (got <= 0) break;
    sent += static_cast<std::size_t>(got);
  }
  return *this;
}

Connection& Connection::finish() {
  ::shutdown(fd_.get(), SHUT_WR);
  return *this;
}

bool Connection::receive() {
  pollfd entry{fd_.get(), POLLIN, 0};
  if (::poll(&entry, 1, kPatienceMs) <= 0) {
    ADD_FAILURE() << "nothing came within " << kPatienceMs << " ms";
    return false;
  }
  char bytes[64U << 10];
  const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  received_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

const std::string& Connection::until(const std::string& part) {
  while (received_.find(part) == std::string::npos && receive()) {
  }
  return received_;
}

const std::string& Connection::all() {
  while (receive()) {
  }
  return received_;
}

bool Connection::anything_within(std::chrono::milliseconds patience) {
  pollfd entry{fd_.get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

bool Connection::closed_by_peer() {
  pollfd entry{fd_.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&entry, 1, kPatienceMs) > 0 && ::recv(fd_.get(), &byte, 1, MSG_PEEK) <= 0;
}

std::string whole_request(const std::string& method, const std::string& target,
                          const std::string& body) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", method,
      target, body.size(), body);
}

std::string status_line(const std::string& answer) {
  return answer.substr(0, answer.find("\r\n"));
}

std::string body_of(const std::string& answer) {
  const auto header = answer.find("\r\n\r\n");
  if (header == std::string::npos) return {};
  std::string rest = answer.substr(header + 4);
  if (answer.find("Transfer-Encoding: chunked") > header) return rest;
  std::string body;
  for (;;) {
    const auto line = rest.find("\r\n");
    if (line == std::string::npos) return body;
    const std::size_t size = std::stoul(rest.substr(0, line), nullptr, 16);
    if (size == 0) return body;
    body += rest.substr(line + 2, size);
    if (rest.size() < line + 2 + size + 2) return body;
    rest.erase(0, line + 2 + size + 2);
  }
}

}  // namespace pelton::http
