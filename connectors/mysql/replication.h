// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/mysql/position.h"
#include "connectors/mysql/session.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pelton::mysql {

// Resource. A connection on which a server sends the events of its log. One thread. Errors are the
// session's and
//   E7226 invalid  the server has removed what is missing
//   E7227 invalid  the log is not the one that was read before
//   E7235 unavailable  another reader has taken over, with the same server id
class Replication {
 public:
  using Time = Session::Time;

  static Result<Replication> open(const Server& server);

  // Begins behind `from`, as a replica with this id.
  Status start(const Reached& from, std::uint32_t server_id);
  // The next event, whose bytes stay until the next call. Nothing: none came by the deadline; the
  // server has sent all that it had when caught_up() says so.
  Result<std::optional<std::string_view>> receive(Time deadline);
  bool caught_up() const { return caught_up_; }

 private:
  explicit Replication(Session session) : session_(std::move(session)) {}
  Status prepare_session(const Reached& from);
  Result<std::optional<std::string_view>> next(Time deadline);
  std::unexpected<Error> explain(Error error) const;

  Session session_;
  std::optional<std::string> first_;  // came with start()
  std::string kept_;                  // what first_ was, while it is looked at
  bool caught_up_ = false;
  Time heard_{};
};

}  // namespace pelton::mysql
