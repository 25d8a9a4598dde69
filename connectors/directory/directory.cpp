// SPDX-License-Identifier: Apache-2.0
#include "connectors/directory/directory.h"

#include "connectors/directory/directory_sink.h"
#include "connectors/directory/directory_source.h"
#include "connectors/directory/options.h"
#include "engine/base/ensure.h"

namespace pelton::directory {

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    ENSURE(context.consumption != nullptr, "a source knows the consumption of its stream");
    return std::make_unique<DirectorySource>(context.settings<SourceOptions>(), context.ledger,
                                             *context.consumption);
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<DirectorySink>(context.settings<SinkOptions>());
  };
  return spec;
}

}  // namespace pelton::directory
