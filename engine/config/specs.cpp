// SPDX-License-Identifier: Apache-2.0
#include "engine/config/specs.h"

#include "engine/config/parts/binding.h"
#include "engine/config/parts/engine.h"
#include "engine/config/parts/function.h"
#include "engine/config/parts/stream.h"

namespace pelton::config {

SectionSpec connector_type_spec(const ConnectorOptions& type, Direction direction) {
  SectionSpec spec = type.side(direction)->spec;
  spec.name = type.type;
  spec.sentence = type.sentence;
  return spec;
}

std::vector<TopLevel> top_levels() {
  return {{"engine", &engine_spec(), false},
          {"streams", &stream_spec(), true},
          {"connectors", &connector_spec(), true},
          {"functions", &function_spec(), true},
          {"bindings", &binding_spec(), true}};
}

}  // namespace pelton::config
