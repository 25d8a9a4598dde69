// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/patience.h"

#include <chrono>
#include <string>

// The id that a topic got when it was created (KIP-516): a later topic of the same name has
// another. Empty where the client library (before 2.3) or the brokers (before Kafka 2.8) know none,
// and while there is no controller. For the .cpp files of this folder and consume/ only.
namespace pelton::kafka {

// Blocks up to three times the patience's time. Brokers that are away are asked for nothing but
// their metadata: while a question to a controller waits for its connection, the client library
// connects again and again without a pause. invalid (E6109): there is no such topic; or not for us.
// unavailable (E6101).
Result<std::string> topic_id(rd_kafka_t* client, const std::string& topic,
                             const Patience& patience);

}  // namespace pelton::kafka
