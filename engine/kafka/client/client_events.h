// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/options.h"

#include <optional>
#include <string>

// How every client begins, and what it has to be served with. For the .cpp files of this folder
// only.
namespace pelton::kafka {

// The caller owns it (rd_kafka_destroy). invalid (E6102): the configuration.
Result<rd_kafka_t*> new_client(rd_kafka_type_t type, ConfPtr conf);

// Those of serve_event(), and `more` (RD_KAFKA_EVENT_...).
void ask_for_events(rd_kafka_conf_t& conf, const ClientOptions& settings, int more);

// Log lines go to the log; a token is read again and given to the client; an error of the client as
// a whole is answered, as is a token that cannot be had; `doing` ("reading orders") is what it
// keeps from being done. Fatal ones are `corrupt` (E6105). Other events are the caller's.
std::optional<Error> serve_event(rd_kafka_t* client, rd_kafka_event_t* event,
                                 const ClientOptions& settings, const std::string& doing);

}  // namespace pelton::kafka
