// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/server_tls.h"
#include "engine/net/socket.h"

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pelton::net {

// What a try to move bytes came to.
struct Moved {
  enum class Then {
    go_on,       // `bytes` were moved
    wait_read,   // none: again once the socket is readable,
    wait_write,  // or writable
    end,         // none will be any more
  };
  Then then = Then::go_on;
  std::size_t bytes = 0;
};

// The bytes of a connection, in the clear or by TLS. Never blocks. The transport's thread's, and
// between handshake() and what comes of it that of the handshakes.
class Channel {
 public:
  // `tls` is of this socket; null: in the clear.
  Channel(Socket&& socket, Ssl tls);

  // TLS: goes on with the handshake, which may be left to the first tries of the others, too.
  // `go_on`: it is complete. A peer that says too much for one ends it.
  Moved handshake();
  Moved receive(std::span<char> into);
  // At most a TLS record at once.
  Moved send(std::span<const std::string_view> parts);
  // Bytes have come that the socket's being readable does not tell of.
  bool has_more() const;
  // Says that nothing more is sent.
  void finish();
  // After that: what the peer had already sent. False: that was all.
  bool throw_away(std::span<char> into);
  void close();

  bool encrypted() const { return tls_ != nullptr; }
  Socket& socket() { return socket_; }
  // Without its port; empty: the peer is on a Unix socket, or gone.
  std::string peer_address() const;
  // The peer has closed both ways; one that only said all it had to say still listens.
  bool has_gone() const;
  // The peer has said all it had to say; in the clear, all of it has been read, too. Or it is gone.
  bool says_no_more() const;

 private:
  Moved by_tls(int result);
  Moved send_clear(std::span<const std::string_view> parts);
  Moved send_encrypted(std::span<const std::string_view> parts);
  int descriptor() const;

  Socket socket_;
  Ssl tls_;
  bool broken_ = false;  // no farewell may be sent
};

}  // namespace pelton::net
