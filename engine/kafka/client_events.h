// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/config/config.h"
#include "engine/kafka/handles.h"

#include <optional>
#include <string>

// What every client has to be served with. For the .cpp files of this folder only.
namespace pelton::kafka {

// Log lines go to the log; a token is read again and given to the client; an error of the client as
// a whole is answered, as is a token that cannot be had; `doing` ("reading orders") is what it
// keeps from being done. Fatal ones are `corrupt` (E6105). Other events are the caller's.
std::optional<Error> serve_event(rd_kafka_t* client, rd_kafka_event_t* event,
                                 const config::KafkaClient& settings, const std::string& doing);

}  // namespace pelton::kafka
