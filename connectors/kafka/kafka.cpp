// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka.h"

#include "connectors/kafka/kafka_sink.h"
#include "connectors/kafka/kafka_source.h"
#include "connectors/kafka/options.h"
#include "engine/kafka/consume/topic_reader.h"

#include <utility>

namespace pelton::kafka_connector {
namespace {

// The client finds its own way back to its brokers: it is not left alone for long.
constexpr std::chrono::milliseconds kBackoffMax{4'000};

Status ask(const kafka::TopicOptions& topic) {
  auto reader = kafka::TopicReader::open(topic);
  if (!reader) return std::unexpected(reader.error());
  const auto partitions = (*reader)->partitions();
  return partitions ? Status{} : std::unexpected(partitions.error());
}

Status probe(const config::Connector& connector) {
  if (const auto* source = std::any_cast<SourceOptions>(&connector.settings))
    return ask(source->topic);
  return ask(std::any_cast<const SinkOptions&>(connector.settings).topic);
}

}  // namespace

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.probe = probe;
  spec.backoff_max = kBackoffMax;
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    const auto& options = context.settings<SourceOptions>();
    return std::make_unique<KafkaSource>(SourceSetup{
        options.topic, options.group, config::begin_at(options.start, SystemClock().now())});
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<KafkaSink>(context.settings<SinkOptions>().topic);
  };
  return spec;
}

}  // namespace pelton::kafka_connector
