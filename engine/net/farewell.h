// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/channel.h"
#include "engine/net/crowd.h"

namespace pelton::net {

// Ends a connection whose peer may still be sending: it says that nothing more is sent, and throws
// away for a moment what comes, since closing at once would destroy the last words. Until then it
// is one of the crowd, and the first to give way. The transport's thread's.
void say_farewell(Channel&& channel, Crowd& crowd);

}  // namespace pelton::net
