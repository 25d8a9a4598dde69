// SPDX-License-Identifier: Apache-2.0
#include "engine/net/peer_state.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace pelton::net {
namespace {

int descriptor(const Socket& socket) {
  return const_cast<Socket&>(socket).native_handle();
}

}  // namespace

bool has_gone(const Socket& socket) {
  pollfd entry{descriptor(socket), 0, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
}

bool says_no_more(const Socket& socket) {
  char byte = 0;
  const ssize_t got = ::recv(descriptor(socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

}  // namespace pelton::net
