// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/config/kinds.h"
#include "engine/config/spec/option_change.h"

#include <string>
#include <vector>

// What a running engine has to do to go from one config to another. Pure: of values alone.
namespace pelton::config {

enum class PartKind { engine, stream, connector, function, binding, listener, route };
const char* to_string(PartKind kind);

enum class Action {
  add,
  remove,
  change,
  restart,  // its options are the same, those of a part that it uses are not
};
const char* to_string(Action action);

// Value. A part of the config with something to do.
struct PartChange {
  PartKind kind = PartKind::engine;
  std::string name;  // empty: the engine
  Action action = Action::change;
  // add: what is not at its default; change: what differs. Secrets have lost their texts.
  OptionChanges options;
  std::vector<std::string> because;  // restart: "function thumbnail changes"
};

// Value. A change that a running engine cannot make.
struct Refusal {
  PartKind kind = PartKind::engine;
  std::string name;
  std::string option;
  std::string code;     // E5012: a restart makes it; E4103: nothing does
  std::string message;  // a sentence, with the remedy
};

// Value.
struct Plan {
  // Engine, streams, connectors, functions, bindings, listeners, routes; each in the order of the
  // new file, what is removed last.
  std::vector<PartChange> changes;
  // Not empty: a reload changes nothing at all.
  std::vector<Refusal> refusals;

  bool empty() const { return changes.empty(); }
  const PartChange* find(PartKind kind, std::string_view name) const;
};

// Comments, the order of keys, and equal values in other words (`60s`, `1m`) are no change. A
// function that changes restarts its bindings; a stream that gets partitions, or whose topic is
// reached in another way, restarts what reads or writes it; its retention touches nothing else.
Plan plan(const Config& before, const Config& after, const Kinds& kinds);
// Of a config that came from standard input, when it would have to be read again: E5012.
Plan not_read_again();

}  // namespace pelton::config
