// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/client/handles.h"
#include "engine/kafka/produce/producer.h"

#include <string>

// Which errors of a record are its own, and which are its topic's. For the .cpp files of this
// folder only.
namespace pelton::kafka {

// Some record of the request is at fault, or the size of the request as a whole: the brokers refuse
// it with all of its records, and do not say which.
bool refuses_request(rd_kafka_resp_err_t error);
// The record itself is at fault, for good.
bool refuses_record(rd_kafka_resp_err_t error);
// The topic as a whole takes no records: it is not there, a right is missing, too few replicas are
// in sync. Any other record would get the same answer.
bool refuses_topic(rd_kafka_resp_err_t error);
// Of these: E6110.
Error topic_fault(const std::string& topic, rd_kafka_resp_err_t error);
// The client that had it ended, or gave it back: it was not refused.
bool orphaned(rd_kafka_resp_err_t error);

// `bytes`: of its value; `index`: see Refused.
Refused refusal(const std::string& topic, std::size_t bytes, std::uint32_t index,
                rd_kafka_resp_err_t error);

}  // namespace pelton::kafka
