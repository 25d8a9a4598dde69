// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/options.h"

#include "engine/config/parts/kafka_fields.h"
#include "engine/kafka/client/client_config.h"

namespace pelton::kafka_connector {
namespace {

using config::Fields;
using config::Location;
using config::ReadContext;
using config::Section;

void check_client(const config::KafkaClient& client, ReadContext& context) {
  for (config::Diagnostic& problem : kafka::check_client(client))
    context.problems.error(problem.place, std::move(problem.code), std::move(problem.message));
}

void check_source(const Section&, const std::string&, ReadContext& context,
                  SourceOptions& options) {
  if (options.group.group.empty()) options.group.group = "pelton." + context.part;
  check_client(options.topic.client, context);
}

void check_sink(const Section&, const std::string&, ReadContext& context, SinkOptions& options) {
  check_client(options.topic.client, context);
}

Fields<SourceOptions> source_fields() {
  return Fields<SourceOptions>("kafka", "")
      .include(&SourceOptions::topic, config::kafka_topic_fields("", ""))
      .include(&SourceOptions::group, config::kafka_group_name_fields(
                                          "Consumer group. The default is `pelton.<connector>`."))
      .parsed("start", &SourceOptions::start, config::parse_start, config::start_text,
              "Where a new group begins: `earliest`, `latest` or a time (RFC 3339).",
              config::kStartDefault, {.example = config::kStartExample})
      .include(&SourceOptions::group, config::kafka_member_fields("", ""))
      .then(check_source);
}

Fields<SinkOptions> sink_fields() {
  return Fields<SinkOptions>("kafka", "")
      .include(&SinkOptions::topic, config::kafka_topic_fields("", ""))
      .then(check_sink);
}

Location location(const config::KafkaTopic& topic, bool written) {
  return {"topic " + topic.topic, topic.client.brokers, written, {}, {}};
}

std::vector<Location> source_locations(const SourceOptions& options) {
  Location read = location(options.topic, false);
  read.group = options.group.group;
  return {read};
}

std::vector<Location> sink_locations(const SinkOptions& options) {
  return {location(options.topic, true)};
}

}  // namespace

config::ConnectorOptions describe_options() {
  config::ConnectorOptions options;
  options.type = "kafka";
  options.sentence =
      "A Kafka topic. As a source, each record becomes an event, and the group's offset is "
      "committed once the event is on disk. As a sink, each event is written as a record that all "
      "in-sync replicas acknowledge.";
  options.source = config::connector_side(source_fields(), source_locations);
  options.sink = config::connector_side(sink_fields(), sink_locations);
  return options;
}

}  // namespace pelton::kafka_connector
