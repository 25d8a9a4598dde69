// SPDX-License-Identifier: Apache-2.0
#include "connectors/s3/s3.h"

#include "connectors/s3/options.h"
#include "connectors/s3/s3_sink.h"
#include "connectors/s3/s3_source.h"

namespace pelton::s3 {
namespace {

const SystemClock kClock;

// Of a sink nothing is written.
Status probe(const config::Connector& connector) {
  if (connector.direction == config::Direction::sink)
    return S3Sink(std::any_cast<const SinkOptions&>(connector.settings), process_environment,
                  kClock)
        .connect();
  const auto& options = std::any_cast<const SourceOptions&>(connector.settings);
  const auto bucket = open_bucket(options.at, process_environment, kClock);
  if (!bucket) return std::unexpected(bucket.error());
  return check_access(**bucket, options.prefix);
}

}  // namespace

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.probe = probe;
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    return std::make_unique<S3Source>(context.settings<SourceOptions>(), context.ledger,
                                      context.notices, process_environment, kClock);
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<S3Sink>(context.settings<SinkOptions>(), process_environment, kClock);
  };
  return spec;
}

}  // namespace pelton::s3
