// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/refusal.h"

#include <algorithm>
#include <array>

namespace pelton::kafka {
namespace {

constexpr std::array kOfTopic{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
                              RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
                              RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
                              RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                              RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
                              RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                              RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                              RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
                              RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR};

constexpr std::array kOfRequest{
    RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    RD_KAFKA_RESP_ERR_INVALID_MSG,        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
    RD_KAFKA_RESP_ERR_INVALID_RECORD,     RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP};

}  // namespace

bool refuses_request(rd_kafka_resp_err_t error) {
  return std::ranges::find(kOfRequest, error) != kOfRequest.end();
}

bool refuses_record(rd_kafka_resp_err_t error) {
  return refuses_request(error) || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

bool refuses_topic(rd_kafka_resp_err_t error) {
  return std::ranges::find(kOfTopic, error) != kOfTopic.end();
}

Error topic_fault(const std::string& topic, rd_kafka_resp_err_t error) {
  // What brokers have said librdkafka repeats under a name of its own: one fault has one text.
  if (error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  return {ErrorKind::unavailable, "E6110",
          fmt::format("the topic {} takes no records: {} ({})", topic, rd_kafka_err2str(error),
                      rd_kafka_err2name(error))};
}

bool orphaned(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
         error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
}

Refused refusal(const std::string& topic, std::size_t bytes, std::uint32_t index,
                rd_kafka_resp_err_t error) {
  return {
      index,
      {refuses_record(error) || refuses_topic(error) ? ErrorKind::invalid : ErrorKind::unavailable,
       "E6106",
       fmt::format("the topic {} did not take a record of {} bytes: {} ({})", topic, bytes,
                   rd_kafka_err2str(error), rd_kafka_err2name(error))},
      rd_kafka_err2name(error)};
}

}  // namespace pelton::kafka
