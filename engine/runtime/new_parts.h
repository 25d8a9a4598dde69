// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/runtime/assembly.h"
#include "engine/runtime/lineup.h"
#include "engine/runtime/sources.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace pelton::runtime {

// Parts of a config that are to go into service together. Three steps: make() builds what may fail
// without touching anything that runs; open() reads what the store has of them, once the parts that
// they replace are gone; then the shard and Sources get them.
class NewParts {
 public:
  NewParts(Assembly& assembly, config::Config config)
      : assembly_(assembly), config_(std::move(config)) {}

  // Connectors and functions. E2...: a connector finds its options wrong.
  Status make(const Lineup& lineup);
  // Made by make(); the shard's, once it has them.
  std::vector<std::unique_ptr<FunctionRunner>>& functions() { return functions_; }
  // The streams are the config's from now on, the bindings and sinks are ready to be served.
  // Errors: the store's, those of Kafka clients.
  Status open(const Lineup& lineup);
  // What open() has learnt of each binding and sink of the lineup, by name; sinks are apart, for a
  // binding may have the name of a connector.
  const std::map<std::string, dead_letters::KnownBinding>& bindings() const {
    return known_bindings_;
  }
  const std::map<std::string, dead_letters::KnownBinding>& sinks() const { return known_sinks_; }
  // The bindings that read each stream of the config.
  const std::map<std::string, std::vector<BindingId>>& readers() const { return readers_; }

  // Where the routes of the config and asynchronous calls append, by stream.
  const std::map<std::string, stream::AppendTarget>& route_targets() const {
    return route_targets_;
  }

  // On the shard: functions, bindings and sinks start, and stand in the order of the config.
  void start_on(Shard& shard);
  void start_sources(Sources& sources);

 private:
  Status open_route_targets();

  Assembly& assembly_;
  const config::Config config_;
  std::vector<std::unique_ptr<SourceRunner>> sources_;
  std::vector<std::unique_ptr<SinkRunner>> sinks_;
  std::vector<std::unique_ptr<FunctionRunner>> functions_;
  std::vector<std::unique_ptr<ServedBinding>> served_;
  std::map<std::string, dead_letters::KnownBinding> known_bindings_;
  std::map<std::string, dead_letters::KnownBinding> known_sinks_;
  std::map<std::string, std::vector<BindingId>> readers_;
  std::map<std::string, stream::AppendTarget> targets_;  // by source
  std::map<std::string, stream::AppendTarget> route_targets_;
};

}  // namespace pelton::runtime
