// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/notices.h"
#include "engine/config/config.h"
#include "engine/connector/connector_spec.h"
#include "engine/dead_letters/known_bindings.h"
#include "engine/http/invoke/durable_routes.h"
#include "engine/runtime/shard.h"
#include "engine/runtime/source_runner.h"
#include "engine/stream/streams.h"
#include "engine/worker/runtimes/builtin.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

// Builds the engine's parts from a config, one small function a section. They are handed to the
// shard, or to Sources, by whoever asked for them. One thread at a time.
namespace pelton::runtime {

// What the parts are made of; it outlives them, and all that it refers to outlives it.
struct Assembly {
  std::span<const connector::ConnectorSpec> connectors;
  const Clock& clock;
  observe::FunctionLog& function_log;
  MemoryBudget& memory;
  store::Store& store;
  Shard& shard;
  stream::Streams& streams;
  std::unique_ptr<Notices> notices;
  std::unique_ptr<http::DurableRoutes> durable_routes;
  std::filesystem::path sdks;
  std::filesystem::path data;       // the engine's folder
  std::filesystem::path functions;  // what is kept of each to start its workers sooner
  // By the name that a function has in the config.
  std::function<const worker::RuntimeSpec&(std::string_view)> runtime = worker::builtin_runtime;
};

// The store's name of a sink's cursor and dead letters; bindings have theirs.
std::string stored_sink_name(std::string_view sink);
// What the store is to know of the streams of the config.
std::vector<store::StreamSpec> stream_specs(const config::Config& config);
Result<std::unique_ptr<store::Store>> open_store(const config::Config& config,
                                                 MemoryBudget& memory);

// A binding, open and without its function.
struct BuiltBinding {
  std::unique_ptr<ServedBinding> served;
  dead_letters::KnownBinding known;
};
Result<BuiltBinding> build_binding(Assembly& assembly, const config::Config& config,
                                   const config::Binding& binding);
// A sink is a binding whose worker is the connector.
Result<BuiltBinding> build_sink(Assembly& assembly, const config::Config& config,
                                std::unique_ptr<SinkRunner> sink);
Result<std::unique_ptr<SinkRunner>> make_sink(Assembly& assembly,
                                              const config::Connector& connector);
Result<std::unique_ptr<SourceRunner>> make_source(Assembly& assembly,
                                                  const config::Connector& connector);
// E7310: it requires more isolation than there is; E7314: or none can be made.
Result<std::unique_ptr<FunctionRunner>> make_function(Assembly& assembly,
                                                      const config::Config& config,
                                                      const config::Function& function);

// The numbers of the bindings and sinks that read the stream.
Result<std::vector<BindingId>> readers_of(Assembly& assembly, const config::Config& config,
                                          const std::string& stream);

}  // namespace pelton::runtime
