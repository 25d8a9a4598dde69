// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/assembly.h"

#include "engine/base/ensure.h"
#include "engine/observe/log.h"
#include "engine/runtime/call_records.h"
#include "engine/runtime/durable_results.h"
#include "engine/runtime/worker_log.h"
#include "engine/worker/runtimes/lambda/environment.h"
#include "engine/worker/sandbox/sandbox_launch.h"

#include <algorithm>
#include <utility>

namespace pelton::runtime {

std::string stored_sink_name(std::string_view sink) {
  return "connector/" + std::string(sink);
}

namespace {

// The stored names of the bindings and sinks that read the stream.
std::vector<std::string> reader_names(const config::Config& config, const std::string& stream) {
  std::vector<std::string> names;
  for (const config::Binding& binding : config.bindings)
    if (binding.from == stream) names.push_back(binding.name);
  for (const config::Connector& connector : config.connectors)
    if (connector.direction == config::Direction::sink && connector.stream == stream)
      names.push_back(stored_sink_name(connector.name));
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
  return options;
}

std::unique_ptr<CallRecords> call_records(const config::Binding& binding,
                                          const config::Config& config, Assembly& assembly) {
  if (!binding.async_calls) return nullptr;
  const config::Function& function = *config.find_function(binding.function);
  CallRecords::Setup setup{
      worker::lambda::function_arn(function), function.timeout, !binding.to.empty(), {}};
  if (function.async && function.async->on_failure) {
    const std::string& to = *function.async->on_failure;
    setup.on_failure = {to, *assembly.store.find_stream(to), config.find_stream(to)->partitions};
  }
  return std::make_unique<CallRecords>(std::move(setup));
}

Result<std::unique_ptr<CallEndings>> durable_results(const config::Binding& binding, BindingId id,
                                                     Assembly& assembly) {
  const std::string& results = binding.to.front();
  auto read_calls = assembly.streams.reader(binding.from);
  auto read_results = assembly.streams.reader(results);
  for (const auto* reader : {&read_calls, &read_results})
    if (!*reader) return std::unexpected(reader->error());
  const StreamId stream = *assembly.store.find_stream(results);
  const model::StreamPartition calls{*assembly.store.find_stream(binding.from), PartitionId{0}};
  auto progress = assembly.store.cursor(id, calls);
  if (!progress) return std::unexpected(progress.error());
  const auto bounds = assembly.store.bounds(calls);
  if (!bounds) return std::unexpected(bounds.error());
  // One that is new, or was forgotten, begins at the end (config/durable_routes.cpp).
  if (!*progress) *progress = model::Progress{bounds->end, {}};
  return std::make_unique<DurableResults>(
      model::OutputStream{results, stream, 1},
      std::make_unique<ResultFollower>(ResultFollower::Setup{
          assembly.durable_routes->calls(binding.durable_route), stream, std::move(*read_calls),
          std::move(*read_results), std::make_shared<ResultIndex>(assembly.store, stream),
          **progress, assembly.shard.appends(), assembly.shard.reader(), assembly.shard.mailbox(),
          assembly.shard.io()}));
}

// Null: the binding's events are no calls.
Result<std::unique_ptr<CallEndings>> call_endings(const config::Binding& binding, BindingId id,
                                                  const config::Config& config,
                                                  Assembly& assembly) {
  if (!binding.durable_route.empty()) return durable_results(binding, id, assembly);
  return call_records(binding, config, assembly);
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

// Of a binding or, as one, a sink; `stored` is the store's name of it.
Result<BuiltBinding> build(Assembly& assembly, const config::Config& config,
                           const config::Binding& binding, const std::string& stored) {
  auto id = assembly.store.binding_id(stored);
  if (!id) return std::unexpected(id.error());
  BindingRunner::Setup setup{dispatcher_options(binding, *id, config, assembly), nullptr,
                             binding.concurrency};
  stream::Route route{binding,
                      *id,
                      setup.dispatcher.stream_id,
                      *config.find_stream(binding.from),
                      {},
                      config::begin_at(binding.start, assembly.clock.now())};
  for (const std::string& to : binding.to) route.to.push_back(config.find_stream(to));
  auto ends = assembly.streams.connect(route);
  if (!ends) return std::unexpected(ends.error());
  setup.dispatcher.outputs = std::move(ends->outputs);
  setup.dispatcher.release_from = ends->release_from;
  setup.output = std::move(ends->output);
  setup.read_again = std::move(ends->read_again);
  setup.decode = std::move(ends->decode);
  auto endings = call_endings(binding, *id, config, assembly);
  if (!endings) return std::unexpected(endings.error());
  setup.endings = std::move(*endings);
  setup.turns = &assembly.shard.memory_turns();
  if (const auto* function = config.find_function(binding.function))
    setup.seek_patience += function->timeout;
  BuiltBinding built{std::make_unique<ServedBinding>(),
                     {binding.name, *id, setup.dispatcher.stream_id, ends->letters}};
  built.served->function = binding.function;
  built.served->runner =
      std::make_unique<BindingRunner>(std::move(setup), std::move(ends->input), assembly.store,
                                      assembly.shard.io(), assembly.clock);
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

// An event may name its file by a path in a folder that a source watches.
std::vector<std::filesystem::path> folders_of_events(const config::Config& config,
                                                     const std::string& function) {
  std::vector<std::filesystem::path> folders;
  for (const config::Binding& binding : config.bindings) {
    if (binding.function != function) continue;
    for (const config::Connector& connector : config.connectors)
      if (connector.stream == binding.from)
        for (const config::Location& location : connector.locations)
          if (!location.written && !location.folder.empty()) folders.push_back(location.folder);
  }
  return folders;
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
  auto built = build(assembly, config, as_binding(connector), stored_sink_name(connector.name));
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
  return SourceRunner::make(connector, spec_of(assembly, connector), assembly.store,
                            *assembly.notices);
}

Result<std::unique_ptr<FunctionRunner>> make_function(Assembly& assembly,
                                                      const config::Config& config,
                                                      const config::Function& function) {
  worker::PoolOptions options;
  options.sdks = assembly.sdks;
  options.state = assembly.functions / function.name;
  options.places = {worker::sandbox::launcher_in(assembly.sdks), assembly.data,
                    folders_of_events(config, function.name)};
  if (function.isolation.on()) {
    auto outcome = worker::sandbox::probe(function, options.places);
    if (!outcome)
      return fail(outcome.error().kind, outcome.error().code, "{}:{}:{}: function {}: {}",
                  config.files.at(function.place.file).string(), function.place.line,
                  function.place.column, function.name, outcome.error().message);
    options.isolation = std::move(*outcome);
  }
  return std::make_unique<FunctionRunner>(function, assembly.runtime(function.runtime),
                                          assembly.shard.io(), std::move(options),
                                          assembly.shard.usage(), assembly.function_log);
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
