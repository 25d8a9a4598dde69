// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/stream.h"

#include "engine/config/parts/kafka_fields.h"
#include "engine/config/spec/fields.h"

namespace pelton::config {
namespace {

Fields<Retention> retention_fields() {
  return Fields<Retention>("retention",
                           "How long events are kept: forever if omitted. Events that a binding "
                           "has not settled are never dropped, unless `force` is set.")
      .option("time", &Retention::time, "Drop events older than this.",
              {.at_least = "1s", .example = "7d"})
      .option("size", &Retention::size_bytes,
              "Drop the oldest events once the stream is larger than this.",
              {.at_least = "1MiB", .example = "10GiB"})
      .option("force", &Retention::force,
              "Also drop events that a binding has not settled. They are counted and logged.");
}

// What a topic has itself.
void refuse_own(const Section& section, const std::string&, ReadContext& context, Stream& stream) {
  if (!stream.kafka) return;
  stream.partitions = 0;
  for (const char* own : {"partitions", "retention"})
    if (section.node(own) != nullptr)
      context.problems.error(
          section.place(own), "E1024",
          fmt::format("{} is a Kafka topic: `{}` is a setting of the topic, on the brokers",
                      section.label(), own));
}

const Fields<Stream>& stream_fields() {
  static const Fields<Stream> fields =
      Fields<Stream>("streams",
                     "A named, partitioned, ordered log of events, kept by the engine or by Kafka "
                     "(a topic).")
          .option("partitions", &Stream::partitions,
                  "Number of partitions. It can be increased but not decreased. Keys are assigned "
                  "to partitions as by Kafka's default partitioner.",
                  {.at_least = "1", .at_most = "1024"})
          .section(&Stream::retention, retention_fields())
          .section(&Stream::kafka, kafka_stream_fields())
          .then(refuse_own);
  return fields;
}

}  // namespace

const SectionSpec& stream_spec() {
  return stream_fields().spec();
}

Stream parse_stream(const std::string& name, const Node& node, ReadContext& context) {
  Stream stream;
  stream.name = name;
  stream.place = node.place;
  const Section section = read_section(node, stream_spec(), "stream " + name, context);
  stream_fields().fill(section, "", context, stream);
  return stream;
}

OptionChanges differences(const Stream& before, const Stream& after) {
  return stream_fields().differences(before, after);
}

}  // namespace pelton::config
