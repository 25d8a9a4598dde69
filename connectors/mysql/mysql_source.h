// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/database/reads_in_flight.h"
#include "connectors/mysql/change_stream.h"
#include "connectors/mysql/committed_events.h"
#include "connectors/mysql/options.h"
#include "connectors/mysql/position.h"
#include "connectors/mysql/replication.h"
#include "connectors/mysql/server_catalog.h"
#include "connectors/mysql/snapshot.h"
#include "engine/base/clock.h"
#include "engine/connector/ledger.h"
#include "engine/connector/source.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::mysql {

// Gives the changes of a server's tables as events, from its binary log (docs/databases.md says
// what they look like). The position behind the events of a read, and what the tables look like
// there, go to the ledger together with them.
//
// Errors of connect(): those of preparation.h, Session and Replication; E4001 corrupt; the
// ledger's; one of read() that would come again (E7227, E7230, E7231, E7233). Of read(): those of
// Replication, ServerCatalog and ChangeStream.
class MysqlSource final : public connector::Source {
 public:
  MysqlSource(SourceOptions options, connector::Ledger& ledger, const Clock& clock);

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override;
  connector::SourceFacts facts() const override;

 private:
  // A place that can be returned to.
  struct Place {
    Position position;
    Schema schema;
  };
  // While connected.
  struct Connection {
    Connection(Session sql, Replication log, ChangeStream::Setup setup)
        : catalog(std::move(sql)), replication(std::move(log)), stream(std::move(setup), catalog) {}
    ServerCatalog catalog;
    Replication replication;
    CommittedEvents committed;
    ChangeStream stream;
    std::unique_ptr<Snapshot> snapshot;  // while one is being taken; changes follow it
    bool streaming = false;
  };
  using Limits = Snapshot::Limits;

  Result<std::optional<Place>> stored_place();
  Status store(Place place);
  Status open(std::optional<Place> stored);
  Status begin_at(Connection& connection, const ServerFacts& facts, std::optional<Place> stored);
  Status begin_first(Connection& connection, const ServerFacts& facts);
  Status begin_snapshot(Connection& connection, const ServerFacts& facts, Position at);
  Status begin_stream(Connection& connection, Place place);
  Status read_again();
  Status rewind();
  Status prepare_read();
  bool readable() const;
  Place place() const;
  Status fill(model::BatchBuilder& into, const Limits& limits);
  Status fill_from_stream(model::BatchBuilder& into, const Limits& limits);
  std::unexpected<Error> lost(Error error);
  Status follow_idle();
  ChangeStream::Setup stream_setup(const ServerFacts& facts) const;
  std::uint32_t replica_id(const Position& position) const;

  const SourceOptions options_;
  connector::Ledger& ledger_;
  const Clock& clock_;
  std::unique_ptr<Connection> connection_;
  Place durable_;   // in the ledger, once what is in flight is settled as well
  Schema written_;  // what definitions the ledger has, or will have with what is in flight
  database::ReadsInFlight<Place> in_flight_;
  std::optional<Error> failed_;  // comes with the next read
  std::optional<Error> stuck_;   // comes again wherever the log is read from
  bool snapshot_needed_ = false;
  std::chrono::steady_clock::time_point stored_at_{};
  connector::AckToken token_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace pelton::mysql
