// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/stream.h"

#include "engine/config/spec/fields.h"
#include "engine/config/spec/topic_kind.h"

#include <algorithm>

namespace pelton::config {
namespace {

Fields<Retention> retention_fields() {
  return Fields<Retention>("retention",
                           "How long events are kept: forever if omitted. Events that a binding "
                           "has not settled are never dropped, unless `force` is set.")
      .shorthand("time")
      .option("time", &Retention::time, "Drop events older than this.",
              {.at_least = "1s", .example = "7d"})
      .option("size", &Retention::size_bytes,
              "Drop the oldest events once the stream is larger than this.",
              {.at_least = "1MiB", .example = "10GiB"})
      .option("force", &Retention::force,
              "Also drop events that a binding has not settled. They are counted and logged.");
}

// What a topic has itself.
void refuse_own(const Section& section, ReadContext& context, Stream& stream) {
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
          .section(&Stream::retention, retention_fields());
  return fields;
}

}  // namespace

bool same_cluster(const Topic& one, const Topic& other) {
  return std::ranges::find_first_of(one.brokers, other.brokers) != one.brokers.end();
}

SectionSpec stream_spec(const TopicKind* topics) {
  SectionSpec spec = stream_fields().spec();
  if (topics != nullptr) spec.sections.push_back(topics->stream.spec);
  return spec;
}

Stream parse_stream(const std::string& name, const Node& node, const TopicKind* topics,
                    ReadContext& context) {
  Stream stream;
  stream.name = name;
  stream.place = node.place;
  const SectionSpec spec = stream_spec(topics);
  const Section section = read_section(node, spec, "stream " + name, context);
  stream_fields().fill(section, "", context, stream);
  if (topics == nullptr) return stream;
  const std::string& key = topics->stream.spec.name;
  if (section.node(key) != nullptr)
    stream.kafka = topics->topic(topics->stream.read(section, key + ".", context));
  refuse_own(section, context, stream);
  return stream;
}

OptionChanges differences(const Stream& before, const Stream& after, const TopicKind* topics) {
  OptionChanges out = stream_fields().differences(before, after);
  const auto settings = [](const Stream& stream) {
    return stream.kafka ? &stream.kafka->settings : nullptr;
  };
  if (topics != nullptr)
    topics->stream.differences(settings(before), settings(after), topics->stream.spec.name + ".",
                               out);
  return out;
}

}  // namespace pelton::config
