// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/parts.h"

#include <fmt/format.h>

namespace pelton::config {

Stream parse_stream(const std::string& name, const Node& node, ReadContext& context) {
  Stream stream{name, node.place, 1, {}, {}};
  const std::string who = "stream " + name;
  const Section section = read_section(node, stream_spec(), who, context);
  if (section.node("kafka") != nullptr) {
    for (const char* own : {"partitions", "retention"})
      if (section.node(own) != nullptr)
        context.problems.error(section.place(own), "E1017",
                               fmt::format("{} is a Kafka topic: its {} {} set there, not here",
                                           who, own, own[0] == 'p' ? "are" : "is"));
    stream.partitions = 0;
    stream.kafka = parse_kafka_topic(section, "kafka", who, context);
    if (section.value<std::string>("kafka.content_mode") == "structured")
      stream.kafka->content_mode = ContentMode::structured;
    return stream;
  }
  stream.partitions = count(section, "partitions");
  stream.retention.time = section.get<Duration>("retention.time");
  stream.retention.size_bytes = section.get<std::uint64_t>("retention.size");
  stream.retention.force = section.value<bool>("retention.force");
  return stream;
}

}  // namespace pelton::config
