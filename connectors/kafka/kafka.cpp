// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka.h"

#include "connectors/kafka/kafka_sink.h"
#include "connectors/kafka/kafka_source.h"
#include "engine/config/specs.h"

#include <utility>

namespace pelton::kafka_connector {
namespace {

// The client finds its own way back to its brokers: it is not left alone for long.
constexpr std::chrono::milliseconds kBackoffMax{4'000};

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "kafka";
  options.sentence =
      "A Kafka topic: as a source, each record becomes an event, and the group's offset follows "
      "once it is on disk; as a sink, each event becomes a record, acknowledged by all replicas in "
      "sync.";
  options.source = true;
  options.sink = true;
  options.topic = true;
  config::SectionSpec topic = config::kafka_topic_spec("");
  options.source_options = topic.options;
  for (config::OptionSpec& option : config::kafka_member_options())
    options.source_options.push_back(std::move(option));
  options.source_sections = topic.sections;
  options.sink_options = std::move(topic.options);
  options.sink_sections = std::move(topic.sections);
  return options;
}

}  // namespace

connector::ConnectorSpec connector_spec() {
  connector::ConnectorSpec spec;
  spec.options = describe_options();
  spec.backoff_max = kBackoffMax;
  spec.make_source =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Source>> {
    return std::make_unique<KafkaSource>(
        SourceSetup{*context.config.topic, context.config.group, context.config.start});
  };
  spec.make_sink =
      [](const connector::BuildContext& context) -> Result<std::unique_ptr<connector::Sink>> {
    return std::make_unique<KafkaSink>(*context.config.topic);
  };
  return spec;
}

}  // namespace pelton::kafka_connector
