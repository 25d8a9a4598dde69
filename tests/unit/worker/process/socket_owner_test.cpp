// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/process/socket_owner.h"

#include "engine/base/unique_fd.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pelton::worker {
namespace {

class SocketOwner : public ::testing::Test {
 protected:
  void SetUp() override {
    listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 8), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    stranger = ::fork();
    if (stranger == 0) {
      listener.reset();
      ::pause();
    }
  }
  void TearDown() override {
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
  }
  UniqueFd connected() const {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    return socket;
  }
  UniqueFd accepted() const {
    return UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  UniqueFd listener;
  sockaddr_in address = {};
  pid_t stranger = -1;
};

TEST_F(SocketOwner, APeerIsKnownByItsProcess) {
  const UniqueFd client = connected();
  const UniqueFd server = accepted();
  EXPECT_TRUE(is_peer(server.get(), ::getpid()));
  EXPECT_FALSE(is_peer(server.get(), stranger));
}

TEST_F(SocketOwner, ASocketOfIpv6ThatSpeaksIpv4IsOneAsWell) {
  const UniqueFd client(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 mapped = {};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = address.sin_port;
  mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
  mapped.sin6_addr.s6_addr[12] = 127;
  mapped.sin6_addr.s6_addr[15] = 1;
  if (!client || ::connect(client.get(), reinterpret_cast<sockaddr*>(&mapped), sizeof mapped) != 0)
    GTEST_SKIP() << "there is no IPv6 here";
  const UniqueFd server = accepted();
  EXPECT_TRUE(is_peer(server.get(), ::getpid()));
  EXPECT_FALSE(is_peer(server.get(), stranger));
}

TEST_F(SocketOwner, OneThatHasClosedItsEndIsNobodys) {
  UniqueFd client = connected();
  const UniqueFd server = accepted();
  client.reset();
  EXPECT_FALSE(is_peer(server.get(), ::getpid()));
  client = connected();
  const UniqueFd another = accepted();
  const linger at_once{1, 0};
  ::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  client.reset();
  EXPECT_FALSE(is_peer(another.get(), ::getpid()));
}

}  // namespace
}  // namespace pelton::worker
