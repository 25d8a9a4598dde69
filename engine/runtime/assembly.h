// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/connector/connector_spec.h"
#include "engine/dead_letters/dead_letters.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/produce/producer.h"
#include "engine/runtime/admin.h"
#include "engine/runtime/source_runner.h"

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

// Builds the engine's parts from the config, one small function a section.
namespace pelton::runtime {

Result<std::unique_ptr<store::Store>> open_store(const config::Config& config);
Admin::Targets make_targets(const config::Config& config, const store::Store& store);

// What assemble() fills; everything outlives it.
struct Assembly {
  const config::Config& config;
  std::span<const connector::ConnectorSpec> connectors;
  store::Store& store;
  Shard& shard;
  Admin::Targets& targets;
  Admin& admin;
  kafka::PollLoop& kafka;
  dead_letters::DeadLetters& letters;
  std::map<std::string, std::unique_ptr<kafka::Producer>>& producers;  // by stream; grows
  std::vector<std::unique_ptr<SourceRunner>>& sources;
  std::vector<std::unique_ptr<StoreLedger>>& ledgers;  // of the sinks
  std::filesystem::path sdk_python;
};

// Adds bindings, functions, sinks and sources. Answers the source of each runner, to be started
// last.
Result<std::vector<std::unique_ptr<connector::Source>>> assemble(Assembly& assembly);

}  // namespace pelton::runtime
