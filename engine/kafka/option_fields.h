// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/spec/fields.h"
#include "engine/kafka/options.h"

#include <string>

// The options of Kafka, for connectors that have them.
namespace pelton::kafka {

// The brokers, TLS, SASL, properties, and the topic.
config::Fields<TopicOptions> topic_fields(std::string name, std::string sentence);

// The option `group` alone.
config::Fields<GroupOptions> group_name_fields(std::string sentence);
// How one is a member of the group.
config::Fields<GroupOptions> member_fields(std::string name, std::string sentence);

}  // namespace pelton::kafka
