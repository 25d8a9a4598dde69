// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/reads_in_flight.h"
#include "connectors/postgres/change_stream.h"
#include "connectors/postgres/database.h"
#include "connectors/postgres/options.h"
#include "connectors/postgres/position.h"
#include "connectors/postgres/preparation.h"
#include "connectors/postgres/replication.h"
#include "connectors/postgres/snapshot.h"
#include "engine/base/clock.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <optional>
#include <string>
#include <vector>

namespace pelton::postgres {

// Gives the changes of a database as events, from a replication slot (docs/databases.md says what
// they look like). The position behind the events of a read goes to the ledger together with them;
// the server hears that it may forget changes only once the position behind them is durable. So the
// slot is never ahead of the ledger, and a slot that is was moved by somebody else.
//
// Errors of connect(): those of prepare() (preparation.h), Session and Replication; E4001 corrupt;
// the ledger's. Of read(): those of Replication, Database and ChangeStream.
class PostgresSource final : public connector::Source {
 public:
  PostgresSource(SourceOptions options, connector::Ledger& ledger, const Clock& clock);

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override;
  connector::SourceFacts facts() const override;

 private:
  // While connected.
  struct Connection {
    Connection(Session sql, Replication walsender, ChangeStream::Setup setup)
        : database(std::move(sql)),
          replication(std::move(walsender)),
          stream(std::move(setup), database) {}
    Database database;
    Replication replication;
    ChangeStream stream;
    std::unique_ptr<Snapshot> snapshot;  // while one is being taken; changes follow it
    bool streaming = false;
  };
  using Limits = Snapshot::Limits;

  Result<std::optional<Position>> stored_position();
  Status store(const Position& position);
  Status open(const std::optional<Position>& stored);
  Status begin_snapshot(Connection& connection, const Start& start);
  Status begin_stream(Connection& connection, const Position& position);
  Status rewind();
  static std::unexpected<Error> lost(Error error);
  Status prepare_read();
  bool readable() const;
  Position position() const;
  Status fill(model::BatchBuilder& into, const Limits& limits);
  Status fill_from_stream(model::BatchBuilder& into, const Limits& limits);
  Status take(const ReplicationData& data, bool nothing_given);
  Status advance(Lsn sent);
  ChangeStream::Setup stream_setup(const std::string& database) const;

  const SourceOptions options_;
  const std::string ledger_key_;
  connector::Ledger& ledger_;
  const Clock& clock_;
  std::unique_ptr<Connection> connection_;
  Position durable_;  // in the ledger
  database::ReadsInFlight<Position> in_flight_;
  Lsn seen_ = 0;  // when nothing was in flight: the server had sent all before it
  connector::AckToken token_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace pelton::postgres
