// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/delivery.h"
#include "engine/config/parts/idempotency.h"
#include "engine/config/parts/start.h"
#include "engine/config/spec/option_change.h"
#include "engine/config/yaml/place.h"
#include "engine/model/event_form.h"

#include <any>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {

struct Node;
struct ReadContext;
struct SectionSpec;
struct TopicKind;

// A topic that keeps a binding's dead letters.
struct DeadLetterTopic {
  Place place;
  std::string topic;  // on the cluster of the binding's stream
};

// How a binding that reads a topic is a member of its consumer group.
struct Membership {
  std::any settings;  // as the type that the TopicKind reads; only Kafka's client looks inside
  std::string group;  // default pelton.<its name>
  Place place;        // of what the file says of it; line 0: nothing
};

// Value. The members' initialisers are the defaults.
struct Binding {
  std::string name;
  Place place;
  std::string from;  // stream
  std::string function;
  // Streams of its outputs: the function may name one of them, others go to the first. Empty:
  // outputs are dropped.
  std::vector<std::string> to;
  // delivery: exactly_once: outputs and offsets in one transaction; topic to topic only
  bool exactly_once = false;
  Place delivery_place;
  // event: what JSON document its function gets; only of runtimes that take documents
  model::EventShape event = model::EventShape::raw;
  Place event_place;  // line 0: the file does not say
  Place to_place;
  Delivery delivery;
  Start start;
  std::vector<FilterRule> filter;
  std::optional<Idempotency> idempotency;
  // Most workers with its events at a time; absent: any number.
  std::optional<std::uint32_t> concurrency;
  Membership kafka;                             // used when `from` is a topic
  std::optional<DeadLetterTopic> dead_letters;  // absent: the engine keeps them
  // The asynchronous calls of its function (async_calls.h): not in the file.
  bool async_calls = false;
  // The durable calls of that route (durable_routes.h): not in the file. Empty: it has none.
  std::string durable_route;
};

// `topics` may be null: then streams cannot be topics.
SectionSpec binding_spec(const TopicKind* topics);
// What had problems is as far as it got. Names of other parts are noted in the context.
Binding parse_binding(const std::string& name, const Node& node, const TopicKind* topics,
                      ReadContext& context);
// One that the file says nothing of.
Binding default_binding(const std::string& name);
OptionChanges differences(const Binding& before, const Binding& after, const TopicKind* topics);

}  // namespace pelton::config
