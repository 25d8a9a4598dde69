// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka.h"

#include "connectors/kafka/kafka_sink.h"
#include "connectors/kafka/kafka_source.h"
#include "connectors/kafka/options.h"

#include <utility>

namespace pelton::kafka_connector {
namespace {

// The client finds its own way back to its brokers: it is not left alone for long.
constexpr std::chrono::milliseconds kBackoffMax{4'000};

}  // namespace

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.backoff_max = kBackoffMax;
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    const auto& options = context.settings<SourceOptions>();
    return std::make_unique<KafkaSource>(SourceSetup{options.topic, options.group, options.start});
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<KafkaSink>(context.settings<SinkOptions>().topic);
  };
  return spec;
}

}  // namespace pelton::kafka_connector
