// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace pelton::worker::lambda {

// Whether the other end of this TCP connection within the machine is a socket of that process or of
// one below it. A port of 127.0.0.1 is open to everybody on the machine and TCP knows no peer
// credentials; a network namespace would need rights that the engine often lacks, and would cut the
// function off from its network. So the kernel's table of sockets is asked whose it is. False also
// when the peer has closed its end already.
bool is_peer(int connection, pid_t process);

}  // namespace pelton::worker::lambda
