// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/lineup.h"

namespace pelton::runtime {
namespace {

using config::Action;
using config::PartKind;

// The part of the old or the new config is affected, as far as that has it.
bool touched(const config::Plan& plan, PartKind kind, const std::string& name) {
  return plan.find(kind, name) != nullptr;
}

// Of what runs under a config, what its counterpart does not run in the same way.
Lineup affected(const config::Config& config, const config::Config& other,
                const config::Plan& plan) {
  const Lineup all = everything(config);
  const Lineup others = everything(other);
  Lineup out;
  for (const std::string& name : all.functions)
    if (touched(plan, PartKind::function, name) || !others.functions.contains(name))
      out.functions.insert(name);
  for (const std::string& name : all.bindings)
    if (touched(plan, PartKind::binding, name)) out.bindings.insert(name);
  for (const std::string& name : all.sinks)
    if (touched(plan, PartKind::connector, name)) out.sinks.insert(name);
  for (const std::string& name : all.sources)
    if (touched(plan, PartKind::connector, name)) out.sources.insert(name);
  return out;
}

}  // namespace

Lineup everything(const config::Config& config) {
  Lineup all;
  // An operator may call one that nothing else uses.
  for (const config::Function& function : config.functions) all.functions.insert(function.name);
  for (const config::Binding& binding : config.bindings) all.bindings.insert(binding.name);
  for (const config::Connector& connector : config.connectors)
    (connector.direction == config::Direction::sink ? all.sinks : all.sources)
        .insert(connector.name);
  return all;
}

Changeover changeover(const config::Config& before, const config::Config& after,
                      const config::Plan& plan) {
  return {affected(before, after, plan), affected(after, before, plan)};
}

}  // namespace pelton::runtime
