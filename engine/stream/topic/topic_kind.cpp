// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_kind.h"

#include "engine/store/ledger.h"
#include "engine/stream/topic/letter_decoder.h"
#include "engine/stream/topic/topic_appender.h"
#include "engine/stream/topic/topic_output.h"
#include "engine/stream/topic/transactional_output.h"

#include <charconv>
#include <span>
#include <utility>

namespace pelton::stream {
namespace {

// Of one source, on their way to a topic.
constexpr std::size_t kSourceBytes = 32U << 20;

// Names this data folder in the commits of its consumer groups; random, given at first sight.
Result<std::uint64_t> node_of(store::Store& store) {
  auto stored = store.ledger().get("kafka", "node");
  if (!stored) return std::unexpected(stored.error());
  std::uint64_t node = 0;
  if (*stored) {
    std::from_chars((*stored)->data(), (*stored)->data() + (*stored)->size(), node);
    return node;
  }
  node = random_number();
  const store::Ledger::KeyValue entry{"node", std::to_string(node)};
  if (auto ok = store.ledger().put("kafka", std::span(&entry, 1)); !ok)
    return std::unexpected(ok.error());
  return node;
}

}  // namespace

Result<Connections> TopicKind::connect(const Route& route) {
  const auto node = node_of(setup_.store);
  if (!node) return std::unexpected(node.error());
  auto input = std::make_unique<TopicInput>(
      TopicInput::Setup{route.id, route.binding.name, route.stream, kafka::topic_of(route.from),
                        kafka::group_of(route.binding), route.start,
                        route.binding.delivery.max_unsettled, *node, &setup_.memory, fetches_,
                        route.sink()},
      setup_.store, setup_.mailbox, setup_.io, setup_.kafka);
  TopicInput& all = *input;
  Connections connections{{std::move(input), all.positions(), all}};
  auto letters = keep_letters(route, all);
  if (!letters) return std::unexpected(letters.error());
  connections.letters = *letters;
  connections.decode = decode_of(kafka::topic_of(route.from));
  if (!route.binding.exactly_once) return connections;
  auto output = transactions_of(route, *node, all);
  if (!output) return std::unexpected(output.error());
  connections.output = std::move(*output);
  return connections;
}

Decode TopicKind::decode_of(const kafka::TopicOptions& topic) {
  if (!topic.schemas || !topic.schemas->decodes()) return nullptr;
  auto decoder = std::make_shared<LetterDecoder>(*topic.schemas, setup_.kafka, setup_.mailbox);
  return [decoder = std::move(decoder)](model::BatchPtr event, Decoded done) {
    decoder->decode(std::move(event), std::move(done));
  };
}

// The topic of the binding's dead letters, on the cluster that it reads; null: the store has them.
Result<dead_letters::DeadLetterTopic*> TopicKind::keep_letters(const Route& route,
                                                               TopicInput& input) {
  if (!route.binding.dead_letters) return nullptr;
  const kafka::TopicOptions& from = kafka::topic_of(route.from);
  auto topic = setup_.letters.topic({from.client, route.binding.dead_letters->topic});
  if (!topic)
    return std::unexpected(std::move(topic.error()).within("binding " + route.binding.name));
  (*topic)->add_member(route.binding.name, route.id, from.topic);
  input.keep_letters(std::make_shared<dead_letters::DeadLetterForwarder>(
      dead_letters::DeadLetterForwarder::Setup{route.binding.name, from}, **topic,
      *setup_.letters.thread(), setup_.letters.records(), setup_.store, setup_.mailbox));
  return *topic;
}

// Outputs in the transactions that commit the input's offsets.
Result<std::unique_ptr<Output>> TopicKind::transactions_of(const Route& route, std::uint64_t node,
                                                           TopicInput& input) {
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(
      kafka::group_of(route.binding).transaction_timeout);
  auto producer = kafka::TransactionalProducer::create(
      {kafka::topic_of(*route.to.front()),
       fmt::format("pelton.{}.{}.{:016x}", route.binding.kafka.group, route.binding.name, node),
       timeout, &setup_.kafka.registries()},
      setup_.kafka.background());
  if (!producer)
    return std::unexpected(std::move(producer.error()).within("stream " + route.to.front()->name));
  return std::make_unique<TransactionalOutput>(input, std::move(*producer), timeout, setup_.mailbox,
                                               setup_.io);
}

Status TopicKind::add_output(const Route& route, Connections& connections) {
  TopicOutput::Producers producers(route.to.size());
  for (std::size_t i = 0; i < route.to.size(); ++i) {
    if (!route.to[i]->kafka) continue;
    auto made = producers_.of(*route.to[i]);
    if (!made) return std::unexpected(made.error());
    producers[i] = std::move(*made);
  }
  connections.output =
      std::make_unique<TopicOutput>(std::move(producers), connections.outputs, setup_.mailbox);
  return {};
}

Result<AppendTarget> TopicKind::append_target(const config::Stream& stream) {
  auto producer = producers_.of(stream);
  if (!producer) return std::unexpected(producer.error());
  return AppendTarget{
      *setup_.store.find_stream(stream.name), 0,
      std::make_shared<TopicAppender>(std::move(*producer), setup_.store, kSourceBytes)};
}

}  // namespace pelton::stream
