// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/channel.h"
#include "engine/net/crowd.h"
#include "engine/net/forwarding.h"
#include "engine/net/message.h"
#include "engine/net/request_log.h"
#include "engine/net/response_head.h"
#include "engine/net/return_path.h"

#include <memory>
#include <set>
#include <vector>

namespace pelton::net {

class Session;

// What the sessions of one listener share. The transport's thread's.
struct SessionHost {
  RequestHandler& handler;
  const Limits limits;
  // Shared by the server and the answers that are still to come.
  std::shared_ptr<ReturnPath> path;
  Crowd crowd{limits};
  // Where a read puts its bytes before they are parsed: connections that rest have no buffer.
  std::vector<char> scratch = std::vector<char>(256U << 10);
  // Shared by this list and the operations under way; answers hold weak ones, since the last owner
  // must let go on this thread.
  std::set<std::shared_ptr<Session>> open = {};
  HttpDate date = {};
  // Absent: of what proxies say, nothing is believed or dropped.
  const std::optional<Forwarding> forwarding = {};
  RequestLog* const log = nullptr;  // null: requests are not written down
};

// Serves the requests of one connection, one after another, until it closes: a session of
// `host.open`. The host outlives its sessions.
void open_session(Channel&& channel, SessionHost& host, Crowd::Admission admission);
// Ends all of them at once, and those that only say farewell; answers that come later are dropped.
void close_sessions(SessionHost& host);

}  // namespace pelton::net
