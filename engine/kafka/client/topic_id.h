// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/kafka/client/handles.h"

#include <chrono>
#include <optional>
#include <string>

// The id that a topic got when it was created (KIP-516): a later topic of the same name has
// another. Empty where the client library (before 2.3) or the brokers (before Kafka 2.8) know none,
// and while there is no controller. For the .cpp files of this folder and consume/ only.
namespace pelton::kafka {

// Asks for it; told_topic_id() reads the answer, which comes to the queue within the timeout.
void ask_topic_id(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout,
                  rd_kafka_queue_t* queue);
// Absent: the event is something else. invalid (E6109): there is no such topic; or not for us.
// unavailable (E6101).
std::optional<Result<std::string>> told_topic_id(rd_kafka_event_t* event);

// Both; blocks up to three times the timeout.
Result<std::string> topic_id(rd_kafka_t* client, const std::string& topic,
                             std::chrono::milliseconds timeout);

}  // namespace pelton::kafka
