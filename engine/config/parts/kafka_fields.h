// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/parts/kafka.h"
#include "engine/config/spec/fields.h"

#include <string>

// The options of Kafka, for the parts and connectors that have them.
namespace pelton::config {

// The brokers, TLS, SASL, properties, and the topic.
Fields<KafkaTopic> kafka_topic_fields(std::string name, std::string sentence);
// The same of a stream, with how CloudEvents are written.
Fields<KafkaTopic> kafka_stream_fields();

// The option `group` alone.
Fields<KafkaGroup> kafka_group_name_fields(std::string sentence);
// How one is a member of the group.
Fields<KafkaGroup> kafka_member_fields(std::string name, std::string sentence);
// The same of a binding, which can drain.
Fields<KafkaGroup> kafka_binding_fields();

// E1008: the option at `path` is no name of a topic.
void check_topic_name(const Section& section, const std::string& path, ReadContext& context);

}  // namespace pelton::config
