// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/streams.h"

#include "engine/kafka/consume/topic_reader.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {

Streams::Streams(const Setup& setup)
    : store_(setup.store),
      kafka_(setup.kafka),
      embedded_(setup.store),
      embedded_kind_(
          {setup.store, setup.memory, setup.mailbox, setup.reader, setup.appends, embedded_}),
      topic_kind_({setup.store, setup.memory, setup.mailbox, setup.io, setup.kafka, setup.letters}),
      embedded_access_(setup.store, embedded_),
      topics_(setup.kafka, setup.mailbox, setup.io) {}

void Streams::set(std::span<const config::Stream> streams) {
  embedded_.set(streams);
  if (std::ranges::any_of(streams, [](const config::Stream& stream) { return !!stream.kafka; }))
    kafka_.start();
}

StreamKind& Streams::kind_of(const config::Stream& stream) {
  if (stream.kafka) return topic_kind_;
  return embedded_kind_;
}

Result<Connections> Streams::connect(const Route& route) {
  auto made = kind_of(route.from).connect(route);
  if (!made) return made;
  bool topics = false;
  for (const config::Stream* to : route.to) {
    topics = topics || to->kafka;
    made->outputs.push_back(to->kafka ? model::OutputStream{to->name}
                                      : embedded_kind_.output_stream(*to));
  }
  if (!topics || made->output) return made;
  if (auto ok = topic_kind_.add_output(route, *made); !ok) return std::unexpected(ok.error());
  return made;
}

Result<AppendTarget> Streams::append_target(const config::Stream& stream) {
  return kind_of(stream).append_target(stream);
}

Access& Streams::access_of(const std::string& stream) {
  if (topics_.has(stream)) return topics_;
  return embedded_access_;
}

void Streams::produce(const std::string& stream, model::BatchPtr events,
                      std::optional<std::uint32_t> partition,
                      Answer<std::vector<Produced>> answer) {
  access_of(stream).produce(stream, std::move(events), partition, std::move(answer));
}

Result<std::shared_ptr<StreamReader>> Streams::reader(const std::string& stream) {
  return access_of(stream).reader(stream);
}

Status probe(const config::Stream& stream) {
  if (!stream.kafka) return {};
  auto reader = kafka::TopicReader::open(kafka::topic_of(stream));
  if (!reader) return std::unexpected(reader.error());
  const auto partitions = (*reader)->partitions();
  return partitions ? Status{} : std::unexpected(partitions.error());
}

}  // namespace pelton::stream
