// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts.h"

namespace pelton::config {

Stream parse_stream(const std::string& name, const Node& node, ReadContext& context) {
  Stream stream{name, node.place, 1, {}};
  if (const Node* kafka = node.find("kafka")) {
    context.problems.error(kafka->place, "E1015",
                           "streams on Kafka are not in this build; this stream needs no backend: "
                           "it is kept by the engine");
    return stream;
  }
  const Section section = read_section(node, stream_spec(), "stream " + name, context);
  stream.partitions = count(section, "partitions");
  stream.retention.time = section.get<Duration>("retention.time");
  stream.retention.size_bytes = section.get<std::uint64_t>("retention.size");
  stream.retention.force = section.value<bool>("retention.force");
  return stream;
}

}  // namespace pelton::config
