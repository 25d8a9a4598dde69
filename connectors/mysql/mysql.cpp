// SPDX-License-Identifier: Apache-2.0
#include "connectors/mysql/mysql.h"

#include "connectors/database/table_sink.h"
#include "connectors/mysql/mysql_source.h"
#include "connectors/mysql/mysql_target.h"
#include "connectors/mysql/options.h"
#include "connectors/mysql/preparation.h"

namespace pelton::mysql {
namespace {

constexpr std::chrono::milliseconds kBackoffMax{5'000};

// Of a sink nothing is created.
Status probe(const config::Connector& connector) {
  if (connector.direction == config::Direction::sink)
    return MysqlTarget(std::any_cast<const SinkOptions&>(connector.settings)).probe();
  const auto& options = std::any_cast<const SourceOptions&>(connector.settings);
  auto session = Session::open(options.server());
  if (!session) return std::unexpected(std::move(session).error());
  const auto facts = ServerCatalog(std::move(*session)).facts();
  return facts ? check_server(options, *facts) : std::unexpected(facts.error());
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
    return std::make_unique<MysqlSource>(context.settings<SourceOptions>(), context.ledger, clock);
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    const auto& options = context.settings<SinkOptions>();
    return std::make_unique<database::TableSink>(options.rows, config::group_of(context.config),
                                                 std::make_unique<MysqlTarget>(options),
                                                 context.ledger);
  };
  return spec;
}

}  // namespace pelton::mysql
