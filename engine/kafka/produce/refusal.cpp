// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/refusal.h"

#include <algorithm>
#include <array>

namespace pelton::kafka {
namespace {

constexpr std::array kFinal{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                            RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
                            RD_KAFKA_RESP_ERR_INVALID_MSG,
                            RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
                            RD_KAFKA_RESP_ERR_INVALID_RECORD,
                            RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                            RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                            RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
                            RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                            RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION};

constexpr std::array kOfARecord{
    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    RD_KAFKA_RESP_ERR_INVALID_MSG,        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
    RD_KAFKA_RESP_ERR_INVALID_RECORD,     RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP};

}  // namespace

bool refuses_request(rd_kafka_resp_err_t error) {
  return std::ranges::find(kOfARecord, error) != kOfARecord.end();
}

bool is_final(rd_kafka_resp_err_t error) {
  return std::ranges::find(kFinal, error) != kFinal.end();
}

bool orphaned(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
         error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

Refused refusal(const std::string& topic, std::size_t bytes, std::uint32_t index,
                rd_kafka_resp_err_t error) {
  return {index,
          {is_final(error) ? ErrorKind::invalid : ErrorKind::unavailable, "E6106",
           fmt::format("the topic {} did not take a record of {} bytes: {} ({})", topic, bytes,
                       rd_kafka_err2str(error), rd_kafka_err2name(error))},
          rd_kafka_err2name(error)};
}

}  // namespace pelton::kafka
