// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/postgres/lsn.h"
#include "connectors/postgres/pgoutput.h"
#include "connectors/postgres/session.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace pelton::postgres {

// Value. Which server, in which history, and how far its log goes.
struct ServerFacts {
  std::string system;  // identifier, given when its cluster was created
  std::uint32_t timeline = 0;
  Lsn end = 0;
};

// Value. A slot that was just created.
struct NewSlot {
  Lsn start = 0;         // it sends what commits from here on
  std::string snapshot;  // shows what committed before; until the connection's next statement
};

// Resource. A connection to a walsender. The server is answered by receive(): it must be called
// more often than the server's wal_sender_timeout. Errors are the session's, and:
//   E7084 unavailable  another reader has the slot
//   E7085 invalid      there is no such slot or publication
//   E7088 invalid      the server no longer has what the slot has not sent
//   E7089 invalid      the server is not set up for logical replication
class Replication {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static Result<Replication> open(const std::string& url);

  Result<ServerFacts> identify();
  Result<NewSlot> create_slot(const std::string& name);
  // Sends, from `from` on, what the publications publish.
  Status start(const std::string& slot, Lsn from, const std::vector<std::string>& publications);

  // The next change or keepalive, whose payload stays until the next call; nothing: none came by
  // the deadline. E7081 also when the server has said nothing for 90 s; E7091 corrupt.
  Result<std::optional<ReplicationData>> receive(Time deadline);
  // All before it is durable here; the server hears it soon, or at once.
  Status confirm(Lsn durable, bool now);
  // The newest end of the server's log that it has told us.
  Lsn server_end() const { return server_end_; }

  // Lets go of the slot.
  void end() { session_.end_replication(); }

 private:
  explicit Replication(Session session) : session_(std::move(session)) {}
  Status send_status(Time now, bool reply_now);
  std::unexpected<Error> explain(Error error, const std::string& slot) const;

  Session session_;
  Lsn server_end_ = 0;
  Lsn durable_ = 0;
  Lsn told_ = 0;            // the server
  bool heard_now_ = false;  // since the clock was last read
  Time sent_{}, heard_{};
};

}  // namespace pelton::postgres
