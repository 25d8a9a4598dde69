// SPDX-License-Identifier: Apache-2.0
#include "connectors/postgres/postgres.h"

#include "connectors/database/table_sink.h"
#include "connectors/postgres/options.h"
#include "connectors/postgres/postgres_source.h"
#include "connectors/postgres/postgres_target.h"
#include "connectors/postgres/session.h"

namespace pelton::postgres {
namespace {

// A second engine takes over the slot soon after the first has ended.
constexpr std::chrono::milliseconds kBackoffMax{5'000};

// Of a sink nothing is created.
Status probe(const config::Connector& connector) {
  if (connector.direction == config::Direction::sink)
    return PostgresTarget(std::any_cast<const SinkOptions&>(connector.settings)).probe();
  const auto& options = std::any_cast<const SourceOptions&>(connector.settings);
  const auto session = Session::open(options.url, Session::Kind::replication);
  return session ? Status{} : std::unexpected(session.error());
}

}  // namespace

connector::ConnectorSpec connector_spec() {
  static const SystemClock clock;
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.probe = probe;
  spec.backoff_max = kBackoffMax;
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    return std::make_unique<PostgresSource>(context.settings<SourceOptions>(), context.ledger,
                                            clock);
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    const auto& options = context.settings<SinkOptions>();
    return std::make_unique<database::TableSink>(options, config::group_of(context.config),
                                                 std::make_unique<PostgresTarget>(options),
                                                 context.ledger);
  };
  return spec;
}

}  // namespace pelton::postgres
