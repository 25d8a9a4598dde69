// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/options.h"

#include "engine/kafka/option_fields.h"

namespace pelton::kafka_connector {
namespace {

using config::Fields;
using config::Location;
using config::ReadContext;
using config::Section;

void name_group(const Section&, const std::string&, ReadContext& context, SourceOptions& options) {
  if (options.group.group.empty()) options.group.group = "pelton." + context.part;
}

Fields<SourceOptions> source_fields() {
  return Fields<SourceOptions>("kafka", "")
      .include(&SourceOptions::topic, kafka::topic_fields("", ""))
      .include(&SourceOptions::group,
               kafka::group_name_fields("Consumer group. The default is `pelton.<connector>`."))
      .parsed(
          "start", &SourceOptions::start, config::parse_start, config::start_text,
          "Where a new group begins: `earliest`, `latest`, a time (RFC 3339), or a duration: `24h` "
          "begins with the records of the last 24 hours.",
          config::kStartDefault, {.example = config::kStartExample})
      .include(&SourceOptions::group, kafka::member_fields("", ""))
      .then(name_group);
}

Fields<SinkOptions> sink_fields() {
  return Fields<SinkOptions>("kafka", "").include(&SinkOptions::topic, kafka::topic_fields("", ""));
}

std::vector<Location> source_locations(const SourceOptions& options) {
  Location read = kafka::topic_location(options.topic, false);
  read.group = options.group.group;
  return {read};
}

std::vector<Location> sink_locations(const SinkOptions& options) {
  return {kafka::topic_location(options.topic, true)};
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
