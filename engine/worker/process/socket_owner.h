// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace pelton::worker {

// Whether the other end of this TCP connection within the machine is a socket of that process or of
// one below it. A port of 127.0.0.1 is open to everybody on the machine and TCP knows no peer
// credentials; a network namespace would need rights that the engine often lacks, and would cut the
// function off from its network. So the kernel's table of sockets is asked whose it is. False also
// when the peer has closed its end already.
bool is_peer(int connection, pid_t process);

// Whether the socket that takes connections to this port of 127.0.0.1 (`v6`: of ::1) is one of that
// process or of one below it. A port that is chosen for a process before it starts may be another's
// by the time that it answers.
bool is_listener(std::uint16_t port, bool v6, pid_t process);

}  // namespace pelton::worker
