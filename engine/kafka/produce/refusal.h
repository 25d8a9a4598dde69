// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/produce/producer.h"

#include <string>

// Which errors of a record are the record's own. For the .cpp files of this folder only.
namespace pelton::kafka {

// Some record of the request is at fault, or the size of the request as a whole: the brokers refuse
// it with all of its records, and do not say which.
bool refuses_request(rd_kafka_resp_err_t error);
// No retry makes these better: the record, the topic or the rights have to change.
bool is_final(rd_kafka_resp_err_t error);
// The client that had it ended, or gave it back: it was not refused.
bool orphaned(rd_kafka_resp_err_t error);

// `bytes`: of its value; `index`: see Refused.
Refused refusal(const std::string& topic, std::size_t bytes, std::uint32_t index,
                rd_kafka_resp_err_t error);

}  // namespace pelton::kafka
