// SPDX-License-Identifier: Apache-2.0
#include "engine/config/parts/binding.h"

#include "engine/config/parts/filter.h"
#include "engine/config/parts/filter_text.h"
#include "engine/config/parts/kafka_fields.h"
#include "engine/config/spec/fields.h"

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

void check_letters(const Section& section, const std::string& prefix, ReadContext& context,
                   DeadLetterTopic& letters) {
  letters.place = section.place(section_of(prefix));
  check_topic_name(section, prefix + "topic", context);
}

Fields<DeadLetterTopic> dead_letter_fields() {
  return Fields<DeadLetterTopic>("dead_letters",
                                 "Where dead letters are kept: in the engine's data folder if "
                                 "omitted.")
      .option("topic", &DeadLetterTopic::topic,
              "A topic on the brokers that the binding reads from. Records are kept byte for byte, "
              "with the reasons in their headers. A record that the topic refuses stays in the "
              "data folder.",
              {.example = "orders.dead", .required = true})
      .then(check_letters);
}

void keep_delivery_place(const Section& section, const std::string&, ReadContext&,
                         Binding& binding) {
  binding.delivery_place = section.place("delivery");
}

const Fields<Binding>& binding_fields() {
  static const Fields<Binding> fields =
      Fields<Binding>("bindings",
                      "Delivers the events of a stream to a function. Each binding keeps its own "
                      "position.")
          .option("from", &Binding::from, "Stream to read.", {.required = true})
          .option("function", &Binding::function, "Function to call.", {.required = true})
          .option("to", &Binding::to,
                  "Stream for the function's outputs, which are dropped if omitted.")
          .choice("delivery", &Binding::exactly_once,
                  {{"at_least_once", false}, {"exactly_once", true}},
                  "From topic to topic, `exactly_once` commits outputs and offsets in one "
                  "transaction. Between the engine's own streams, effects are exactly once in any "
                  "case.")
          .include(&Binding::delivery, delivery_fields())
          .parsed("start", &Binding::start, parse_start, start_text,
                  "Where a new binding begins: `earliest`, `latest` or a time (RFC 3339).",
                  kStartDefault, {.example = kStartExample})
          .option("concurrency", &Binding::concurrency,
                  "Maximum number of workers that handle events of this binding at the same time.",
                  {.at_least = "1", .at_most = "1024", .example = "2"})
          .include(&Binding::kafka,
                   kafka_group_name_fields("Consumer group, if the stream is a Kafka topic. The "
                                           "default is `pelton.<binding>`."))
          .node("filter", OptionType::filter, read_filter_rules, filter_texts,
                "Only deliver events that match all of these conditions. Other events count as "
                "done.",
                {.example = "{ type: reading, data.celsius: { above: 80 } }"})
          .section(&Binding::idempotency, idempotency_fields())
          .section(&Binding::dead_letters, dead_letter_fields())
          .section(&Binding::kafka, kafka_binding_fields())
          .then(keep_delivery_place);
  return fields;
}

}  // namespace

const SectionSpec& binding_spec() {
  return binding_fields().spec();
}

Binding default_binding(const std::string& name) {
  Binding binding;
  binding.name = name;
  binding.kafka.group = "pelton." + name;
  return binding;
}

OptionChanges differences(const Binding& before, const Binding& after) {
  return binding_fields().differences(before, after);
}

Binding parse_binding(const std::string& name, const Node& node, ReadContext& context) {
  const std::string who = "binding " + name;
  const Section section = read_section(node, binding_spec(), who, context);
  refer(section, "from", Reference::Kind::stream, context);
  refer(section, "function", Reference::Kind::function, context);
  refer(section, "to", Reference::Kind::stream, context);
  Binding binding = default_binding(name);
  binding.place = node.place;
  binding_fields().fill(section, "", context, binding);
  return binding;
}

}  // namespace pelton::config
