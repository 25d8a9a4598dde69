// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/net/channel.h"
#include "engine/net/crowd.h"
#include "engine/net/limits.h"
#include "engine/net/return_path.h"
#include "engine/thread/job_thread.h"

#include <functional>
#include <memory>
#include <set>

namespace pelton::net {

class Handshake;

// The TLS handshakes of one listener. They are computed on a thread of their own: a signature takes
// milliseconds, which requests on other connections would have to wait for. Those under way are
// peers of the crowd and hold memory of its pot. The transport's thread's, but for that work.
class Handshakes {
 public:
  // Takes over a connection that is encrypted now.
  using Done = std::function<void(Channel&&, Crowd::Admission)>;
  // Both live longer. `path` leads back to the transport's thread.
  Handshakes(Crowd& crowd, const Limits& limits, std::shared_ptr<ReturnPath> path, Done done);
  ~Handshakes();

  // There is room for one more: they take at most half of the connections, so that those who are
  // served are not crowded out. The slowest of them gives way for it.
  bool make_room(Pace::Time now);
  // It has `header_time` for what the peer contributes.
  void begin(Channel&& channel, Crowd::Admission admission);

 private:
  friend class Handshake;

  Crowd& crowd_;
  const Limits limits_;
  const std::shared_ptr<ReturnPath> path_;  // shared with the server and answers still to come
  const Done done_;
  // Shared by this list, the waits under way and the job that computes.
  std::set<std::shared_ptr<Handshake>> open_;
  thread::JobThread work_;
};

}  // namespace pelton::net
