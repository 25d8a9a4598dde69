// SPDX-License-Identifier: Apache-2.0
#include "engine/config/specs.h"

#include "engine/config/parts/binding.h"
#include "engine/config/parts/engine.h"
#include "engine/config/parts/function.h"
#include "engine/config/parts/listener.h"
#include "engine/config/parts/route.h"
#include "engine/config/parts/services.h"
#include "engine/config/parts/stream.h"

namespace pelton::config {

SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction) {
  SectionSpec spec = type.side(direction)->options.spec;
  spec.name = type.type;
  spec.sentence = type.sentence;
  return spec;
}

SectionSpec runtime_spec(const RuntimeOptions& runtime) {
  SectionSpec spec = runtime.options.spec;
  spec.name = runtime.name;
  spec.sentence = runtime.sentence;
  return spec;
}

std::vector<TopLevel> top_levels(const Kinds& kinds) {
  return {{"engine", engine_spec(), false},
          {"services", services_spec(), false},
          {"streams", stream_spec(kinds.topics()), true},
          {"connectors", connector_spec(), true},
          {"functions", function_spec(kinds.runtimes), true},
          {"bindings", binding_spec(kinds.topics()), true},
          {"listeners", listener_spec(), true},
          {"routes", route_spec(), true}};
}

std::vector<std::string> top_keys() {
  std::vector<std::string> keys;
  for (const TopLevel& top : top_levels({})) keys.push_back(top.key);
  return keys;
}

}  // namespace pelton::config
