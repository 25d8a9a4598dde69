// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/session.h"

namespace pelton::net {

// The address of a TCP peer without its port; empty: it is on a Unix socket, or gone.
std::string address_of_peer(Socket& socket);
// The peer has closed both ways; one that only said all it had to say still listens.
bool has_gone(const Socket& socket);
// The peer has said all it had to say, and all of it has been read; or it has gone.
bool says_no_more(const Socket& socket);

}  // namespace pelton::net
