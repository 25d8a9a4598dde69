// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/directory.h"

#include "connectors/directory/directory_sink.h"
#include "connectors/directory/directory_source.h"

namespace pelton::directory {

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.check = [](const config::Connector& connector) -> Status {
    if (connector.direction == config::Direction::sink) {
      if (auto ok = parse_sink_options(connector); !ok) return std::unexpected(ok.error());
    } else if (auto ok = parse_source_options(connector); !ok) {
      return std::unexpected(ok.error());
    }
    return {};
  };
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    auto options = parse_source_options(context.config);
    if (!options) return std::unexpected(std::move(options).error());
    return std::make_unique<DirectorySource>(std::move(*options), context.ledger);
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    auto options = parse_sink_options(context.config);
    if (!options) return std::unexpected(std::move(options).error());
    return std::make_unique<DirectorySink>(std::move(*options));
  };
  return spec;
}

}  // namespace pelton::directory
