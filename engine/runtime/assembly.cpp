// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/assembly.h"

#include "engine/base/ensure.h"
#include "engine/observe/log.h"
#include "engine/stream/embedded/embedded_appender.h"
#include "engine/stream/topic/topic_appender.h"
#include "engine/stream/topic/topic_input.h"
#include "engine/stream/topic/topic_output.h"
#include "engine/stream/topic/transactional_output.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pelton::runtime {
namespace {

// Of one source, on their way to a topic.
constexpr std::size_t kSourceBytes = 32U << 20;

// Parked events that are smaller are kept: reading them again would cost more than it saves.
constexpr std::uint64_t kReleaseFrom = 2U << 10;

// Worker output as log lines: standard output is information, standard error a warning's worth of
// attention.
void log_line(const worker::WorkerLine& line) {
  const auto level = line.stream == worker::WorkerLine::Stream::engine ? observe::log::Level::warn
                                                                       : observe::log::Level::info;
  observe::log::write(
      level, line.text,
      {{"function", line.function}, {"worker", line.worker}, {"event", line.event}});
}

// The store's name of a sink's cursor and dead letters; bindings have theirs.
std::string stored_name(const config::Connector& sink) {
  return "connector/" + sink.name;
}

// The stored names of the bindings and sinks that read the stream.
std::vector<std::string> reader_names(const config::Config& config, const std::string& stream) {
  std::vector<std::string> names;
  for (const config::Binding& binding : config.bindings)
    if (binding.from == stream) names.push_back(binding.name);
  for (const config::Connector& connector : config.connectors)
    if (connector.direction == config::Direction::sink && connector.stream == stream)
      names.push_back(stored_name(connector));
  return names;
}

model::EventForm form_of(const config::Binding& binding, const config::Config& config) {
  model::EventForm form{binding.event, binding.from, {}};
  const config::Stream* from = config.find_stream(binding.from);
  if (from == nullptr || !from->kafka) return form;
  form.topic = from->kafka->name;
  for (const std::string& broker : from->kafka->brokers)
    form.brokers += (form.brokers.empty() ? "" : ",") + broker;
  return form;
}

dispatch::DispatcherOptions dispatcher_options(const config::Binding& binding, BindingId id,
                                               const config::Config& config,
                                               const Assembly& assembly) {
  dispatch::DispatcherOptions options;
  options.id = id;
  options.binding = binding.name;
  options.function = binding.function;
  options.stream = binding.from;
  options.stream_id = *assembly.store.find_stream(binding.from);
  options.delivery = binding.delivery;
  options.filter = binding.filter;
  options.idempotency = binding.idempotency;
  options.form = form_of(binding, config);
  options.memory = &assembly.memory;
  options.seed = static_cast<std::uint64_t>(to_us(assembly.clock.now()));
  if (const auto target = binding.to ? assembly.streams.find(*binding.to) : nullptr)
    options.target = {target->stream(), target->partitions()};
  return options;
}

// A sink is a binding whose worker is the connector.
config::Binding as_binding(const config::Connector& sink) {
  config::Binding binding;
  binding.name = sink.name;
  binding.from = sink.stream;
  binding.delivery = sink.delivery;
  binding.kafka.group = config::group_of(sink);
  return binding;
}

// Names this data folder in the commits of its consumer groups; random, given at first sight.
Result<std::uint64_t> node_of(store::Store& store) {
  auto stored = store.ledger_get("kafka", "node");
  if (!stored) return std::unexpected(stored.error());
  std::uint64_t node = 0;
  if (*stored) {
    std::from_chars((*stored)->data(), (*stored)->data() + (*stored)->size(), node);
    return node;
  }
  node = stream::random_number();
  const store::Store::KeyValue entry{"node", std::to_string(node)};
  if (auto ok = store.ledger_put("kafka", std::span(&entry, 1)); !ok)
    return std::unexpected(ok.error());
  return node;
}

// The way to the topic that the binding's outputs go to; null: it is none, or goes with the input.
Result<std::unique_ptr<stream::Output>> output_of(Assembly& assembly, const config::Config& config,
                                                  const config::Binding& binding) {
  const config::Stream* to = binding.to ? config.find_stream(*binding.to) : nullptr;
  if (to == nullptr || !to->kafka || binding.exactly_once) return nullptr;
  auto producer = assembly.producers.of(*to);
  if (!producer) return std::unexpected(producer.error());
  return std::make_unique<stream::TopicOutput>(std::move(*producer), assembly.shard.mailbox());
}

// Outputs in the transactions that commit the input's offsets.
Result<std::unique_ptr<stream::Output>> transactions_of(Assembly& assembly,
                                                        const config::Config& config,
                                                        const config::Binding& binding,
                                                        std::uint64_t node,
                                                        stream::TopicInput& input) {
  const config::Stream& to = *config.find_stream(*binding.to);
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(kafka::group_of(binding).transaction_timeout);
  auto producer = kafka::TransactionalProducer::create(
      {kafka::topic_of(to),
       fmt::format("pelton.{}.{}.{:016x}", binding.kafka.group, binding.name, node), timeout},
      assembly.kafka.background());
  if (!producer) return std::unexpected(std::move(producer.error()).within("stream " + to.name));
  return std::make_unique<stream::TransactionalOutput>(
      input, std::move(*producer), timeout, assembly.shard.mailbox(), assembly.shard.io());
}

// The topic of the binding's dead letters, on the cluster that it reads; null: the store has them.
Result<dead_letters::DeadLetterTopic*> letters_of(Assembly& assembly, const config::Config& config,
                                                  const config::Binding& binding, BindingId id) {
  if (!binding.dead_letters) return nullptr;
  const kafka::TopicOptions& from = kafka::topic_of(*config.find_stream(binding.from));
  auto topic = assembly.letters.topic({from.client, binding.dead_letters->topic});
  if (!topic) return std::unexpected(std::move(topic.error()).within("binding " + binding.name));
  (*topic)->add_member(binding.name, id, from.topic);
  return *topic;
}

std::shared_ptr<dead_letters::DeadLetterForwarder> gate_to(dead_letters::DeadLetterTopic& topic,
                                                           Assembly& assembly,
                                                           const config::Binding& binding,
                                                           const kafka::TopicOptions& from) {
  return std::make_shared<dead_letters::DeadLetterForwarder>(
      dead_letters::DeadLetterForwarder::Setup{binding.name, from}, topic,
      *assembly.letters.thread(), assembly.letters.records(), assembly.store,
      assembly.shard.mailbox());
}

// The runner of a binding on a topic.
Result<std::unique_ptr<BindingRunner>> topic_runner(Assembly& assembly,
                                                    const config::Config& config,
                                                    const config::Binding& binding,
                                                    BindingRunner::Setup&& setup,
                                                    dead_letters::DeadLetterTopic* letters) {
  const kafka::TopicOptions& from = kafka::topic_of(*config.find_stream(binding.from));
  auto node = node_of(assembly.store);
  if (!node) return std::unexpected(node.error());
  auto input = std::make_unique<stream::TopicInput>(
      stream::TopicInput::Setup{setup.dispatcher.id, binding.name, setup.dispatcher.stream_id, from,
                                kafka::group_of(binding), binding.start,
                                binding.delivery.max_unsettled, *node, &assembly.memory},
      assembly.store, assembly.shard.mailbox(), assembly.shard.io(), assembly.kafka);
  if (letters != nullptr) input->keep_letters(gate_to(*letters, assembly, binding, from));
  if (binding.exactly_once) {
    auto output = transactions_of(assembly, config, binding, *node, *input);
    if (!output) return std::unexpected(output.error());
    setup.output = std::move(*output);
  }
  auto& all = *input;
  return std::make_unique<BindingRunner>(
      std::move(setup), stream::BindingInput{std::move(input), all.positions(), all},
      assembly.store, assembly.shard.io(), assembly.clock);
}

// The runner of one on an embedded stream, which is kept beside it.
void embedded_runner(Assembly& assembly, const config::Binding& binding,
                     BindingRunner::Setup&& setup, ServedBinding& out) {
  const std::uint32_t partitions = assembly.streams.find(binding.from)->partitions();
  auto input = std::make_unique<stream::EmbeddedInput>(
      stream::EmbeddedInput::Setup{setup.dispatcher.id, setup.dispatcher.stream_id, binding.from,
                                   binding.name, partitions, binding.start, &assembly.memory},
      assembly.store, assembly.shard.mailbox(), assembly.shard.reader());
  out.embedded = input.get();
  setup.dispatcher.release_from = kReleaseFrom;
  setup.read_again = [input = input.get()](PartitionId partition, Offset offset, auto answer) {
    input->read_again(partition, offset, std::move(answer));
  };
  auto& all = *input;
  out.runner = std::make_unique<BindingRunner>(std::move(setup),
                                               stream::BindingInput{std::move(input), all, all},
                                               assembly.store, assembly.shard.io(), assembly.clock);
}

// Of a binding or, as one, a sink; `stored` is the store's name of it.
Result<BuiltBinding> build(Assembly& assembly, const config::Config& config,
                           const config::Binding& binding, const std::string& stored) {
  auto id = assembly.store.binding_id(stored);
  if (!id) return std::unexpected(id.error());
  auto letters = letters_of(assembly, config, binding, *id);
  if (!letters) return std::unexpected(letters.error());
  auto output = output_of(assembly, config, binding);
  if (!output) return std::unexpected(output.error());
  BindingRunner::Setup setup{dispatcher_options(binding, *id, config, assembly),
                             binding.to.value_or(""), std::move(*output), binding.concurrency};
  if (const auto* function = config.find_function(binding.function))
    setup.seek_patience += function->timeout;
  BuiltBinding built{std::make_unique<ServedBinding>(),
                     {binding.name, *id, setup.dispatcher.stream_id, *letters}};
  built.served->function = binding.function;
  if (config.find_stream(binding.from)->kafka) {
    auto runner = topic_runner(assembly, config, binding, std::move(setup), *letters);
    if (!runner) return std::unexpected(runner.error());
    built.served->runner = std::move(*runner);
  } else {
    embedded_runner(assembly, binding, std::move(setup), *built.served);
  }
  if (auto ok = built.served->runner->open(); !ok) return std::unexpected(ok.error());
  return built;
}

const connector::ConnectorSpec& spec_of(const Assembly& assembly,
                                        const config::Connector& connector) {
  const auto spec = std::ranges::find_if(
      assembly.connectors,
      [&](const connector::ConnectorSpec& s) { return s.options.type == connector.type; });
  ENSURE(spec != assembly.connectors.end(),
         "the config names a connector type that is not there: {}", connector.type);
  return *spec;
}

}  // namespace

std::vector<store::StreamSpec> stream_specs(const config::Config& config) {
  std::vector<store::StreamSpec> streams;
  for (const config::Stream& stream : config.streams) {
    store::StreamSpec spec{stream.name,
                           stream.partitions,
                           stream.retention.time,
                           stream.retention.size_bytes,
                           stream.retention.force,
                           reader_names(config, stream.name),
                           stream.kafka ? stream.kafka->name : ""};
    streams.push_back(std::move(spec));
  }
  return streams;
}

Result<std::unique_ptr<store::Store>> open_store(const config::Config& config,
                                                 MemoryBudget& memory) {
  store::Options options;
  options.data = config.engine.data;
  options.free_space_bytes = config.engine.free_space_bytes;
  options.memory = &memory;
  return store::Store::open(options, stream_specs(config));
}

Result<BuiltBinding> build_binding(Assembly& assembly, const config::Config& config,
                                   const config::Binding& binding) {
  return build(assembly, config, binding, binding.name);
}

Result<BuiltBinding> build_sink(Assembly& assembly, const config::Config& config,
                                std::unique_ptr<SinkRunner> sink) {
  const config::Connector& connector = sink->settings();
  auto built = build(assembly, config, as_binding(connector), stored_name(connector));
  if (built) built->served->sink = std::move(sink);
  return built;
}

Result<std::unique_ptr<SinkRunner>> make_sink(Assembly& assembly,
                                              const config::Connector& connector) {
  return SinkRunner::make(connector, spec_of(assembly, connector), assembly.store,
                          assembly.shard.mailbox());
}

Result<std::unique_ptr<SourceRunner>> make_source(Assembly& assembly,
                                                  const config::Connector& connector) {
  return SourceRunner::make(connector, spec_of(assembly, connector), assembly.store);
}

Result<SourceTarget> target_of(Assembly& assembly, const config::Config& config,
                               const config::Connector& source) {
  const config::Stream& stream = *config.find_stream(source.stream);
  if (!stream.kafka) {
    auto target = assembly.streams.find(stream.name);
    const std::uint32_t partitions = target->partitions();
    return SourceTarget{target->stream(), partitions,
                        std::make_shared<stream::EmbeddedAppender>(assembly.store, target)};
  }
  auto producer = assembly.producers.of(stream);
  if (!producer) return std::unexpected(producer.error());
  return SourceTarget{
      *assembly.store.find_stream(stream.name), 0,
      std::make_shared<stream::TopicAppender>(std::move(*producer), assembly.store, kSourceBytes)};
}

std::unique_ptr<FunctionRunner> make_function(Assembly& assembly,
                                              const config::Function& function) {
  return std::make_unique<FunctionRunner>(function, assembly.shard.io(),
                                          worker::PoolOptions{assembly.sdks}, log_line);
}

Result<std::vector<BindingId>> readers_of(Assembly& assembly, const config::Config& config,
                                          const std::string& stream) {
  std::vector<BindingId> ids;
  for (const std::string& name : reader_names(config, stream)) {
    auto id = assembly.store.binding_id(name);
    if (!id) return std::unexpected(id.error());
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace pelton::runtime
