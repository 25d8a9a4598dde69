// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/binding.h"

#include "engine/config/parts/filter.h"
#include "engine/config/parts/filter_text.h"
#include "engine/config/spec/fields.h"
#include "engine/config/spec/topic_kind.h"

namespace pelton::config {
namespace {

void read_filter_rules(const Node& node, ReadContext& context, Binding& binding) {
  binding.filter = read_filter(node, context);
}

std::map<std::string, std::string> filter_texts(const Binding& binding) {
  return rule_texts(binding.filter);
}

Fields<Idempotency> idempotency_fields() {
  return Fields<Idempotency>("idempotency",
                             "Skip an event whose key was already completed within `ttl`.")
      .shorthand("key")
      .each("key", &Idempotency::key, read_field, field_text,
            "Field or fields that make up the key: `id`, `key`, `subject`, `headers.NAME`, "
            "`data.PATH`, ...",
            {.example = "data.order_id", .required = true})
      .option("ttl", &Idempotency::ttl,
              "How long a completed key is remembered, at least; at most twice as long.",
              {.at_least = "1s", .at_most = "90d"})
      .option(
          "memory", &Idempotency::memory,
          "Most memory for completed keys: 24 bytes a key, and room for those of two `ttl`. When "
          "it is full, the oldest are forgotten early.",
          {.at_least = "1MiB"});
}

void keep_letters_place(const Section& section, const std::string& prefix, ReadContext&,
                        DeadLetterTopic& letters) {
  letters.place = section.place(section_of(prefix));
}

Fields<DeadLetterTopic> dead_letter_fields() {
  return Fields<DeadLetterTopic>("dead_letters",
                                 "Where dead letters are kept: in the engine's data folder if "
                                 "omitted.")
      .shorthand("topic")
      .option("topic", &DeadLetterTopic::topic,
              "A topic on the brokers that the binding reads from. Records are kept byte for byte, "
              "with the reasons in their headers. A record that the topic refuses stays in the "
              "data folder.",
              {.example = "orders.dead", .required = true})
      .then(keep_letters_place);
}

void keep_places(const Section& section, const std::string&, ReadContext& context,
                 Binding& binding) {
  if (section.node("to") != nullptr && binding.to.empty())
    context.problems.error(section.place("to"), "E1006", "to is empty; leave it out instead");
  binding.delivery_place = section.place("delivery");
  if (section.node("event") != nullptr) binding.event_place = section.place("event");
  binding.to_place = section.place("to");
}

Words<model::EventShape> event_shapes() {
  using enum model::EventShape;
  return {{"raw", raw}, {"cloudevents", cloudevents}, {"kafka", kafka},      {"sqs", sqs},
          {"s3", s3},   {"kinesis", kinesis},         {"dynamodb", dynamodb}};
}

const Fields<Binding>& binding_fields() {
  static const Fields<Binding> fields =
      Fields<Binding>("bindings",
                      "Delivers the events of a stream to a function. Each binding keeps its own "
                      "position.")
          .option("from", &Binding::from, "Stream to read.", {.required = true})
          .option("function", &Binding::function, "Function to call.", {.required = true})
          .option("to", &Binding::to,
                  "Stream for the function's outputs, which are dropped if omitted. Of several, an "
                  "output goes to the one that the function names, otherwise to the first.",
                  {.example = "[bills, alerts]"})
          .choice("delivery", &Binding::exactly_once,
                  {{"at_least_once", false}, {"exactly_once", true}},
                  "From topic to topic, `exactly_once` commits outputs and offsets in one "
                  "transaction. Between the engine's own streams, effects are exactly once in any "
                  "case.")
          .choice("event", &Binding::event, event_shapes(),
                  "The JSON document that a function for AWS Lambda receives. `raw`: the data of "
                  "one event; `cloudevents`: one event with its attributes; `s3`: a notification "
                  "for one object; `kafka`, `sqs`, `kinesis`, `dynamodb`: a batch of records, of "
                  "which the function may report single ones as failed.")
          .include(&Binding::delivery, delivery_fields())
          .parsed(
              "start", &Binding::start, parse_start, start_text,
              "Where a new binding begins: `earliest`, `latest`, a time (RFC 3339), or a duration: "
              "`24h` begins with the events of the last 24 hours.",
              kStartDefault, {.example = kStartExample})
          .option("concurrency", &Binding::concurrency,
                  "Maximum number of workers that handle events of this binding at the same time.",
                  {.at_least = "1", .at_most = "1024", .example = "2"})
          .node("filter", OptionType::filter, read_filter_rules, filter_texts,
                "Only deliver events that match all of these conditions. Other events count as "
                "done.",
                {.example = "{ type: reading, data.celsius: { above: 80 } }"})
          .section(&Binding::idempotency, idempotency_fields())
          .section(&Binding::dead_letters, dead_letter_fields())
          .then(keep_places);
  return fields;
}

// The last of its keys that the file has.
Place place_of(const Section& section, const SectionSpec& spec) {
  Place place;
  for (const OptionSpec& option : spec.options)
    if (section.node(option.name) != nullptr) place = section.place(option.name);
  for (const SectionSpec& within : spec.sections)
    if (section.node(within.name) != nullptr) place = section.place(within.name);
  return place;
}

void read_membership(const Section& section, const TopicKind& topics, ReadContext& context,
                     Binding& binding) {
  binding.kafka.settings = topics.member.read(section, "", context);
  binding.kafka.place = place_of(section, topics.member.spec);
  if (std::string group = topics.group(binding.kafka.settings); !group.empty())
    binding.kafka.group = std::move(group);
  if (binding.dead_letters) topics.check_name(section, "dead_letters.topic", context);
}

}  // namespace

SectionSpec binding_spec(const TopicKind* topics) {
  SectionSpec spec = binding_fields().spec();
  if (topics == nullptr) return spec;
  const SectionSpec& member = topics->member.spec;
  spec.options.insert(spec.options.end(), member.options.begin(), member.options.end());
  spec.sections.insert(spec.sections.end(), member.sections.begin(), member.sections.end());
  return spec;
}

Binding default_binding(const std::string& name) {
  Binding binding;
  binding.name = name;
  binding.kafka.group = "pelton." + name;
  return binding;
}

OptionChanges differences(const Binding& before, const Binding& after, const TopicKind* topics) {
  OptionChanges out = binding_fields().differences(before, after);
  if (topics != nullptr)
    topics->member.differences(&before.kafka.settings, &after.kafka.settings, "", out);
  return out;
}

Binding parse_binding(const std::string& name, const Node& node, const TopicKind* topics,
                      ReadContext& context) {
  const std::string who = "binding " + name;
  const SectionSpec spec = binding_spec(topics);
  const Section section = read_section(node, spec, who, context);
  refer(section, "from", Reference::Kind::stream, context);
  refer(section, "function", Reference::Kind::function, context);
  refer_each(section, "to", Reference::Kind::stream, context);
  Binding binding = default_binding(name);
  binding.place = node.place;
  binding_fields().fill(section, "", context, binding);
  if (topics != nullptr) read_membership(section, *topics, context, binding);
  return binding;
}

}  // namespace pelton::config
