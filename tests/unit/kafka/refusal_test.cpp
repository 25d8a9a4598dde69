// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/produce/refusal.h"

#include <gtest/gtest.h>

namespace pelton::kafka {
namespace {

// Whose fault an error is decides whether its record is halved away, waits, or comes again.
TEST(Refusal, OfARecordItsRequestIsHalved) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP}) {
    EXPECT_TRUE(refuses_request(error)) << rd_kafka_err2name(error);
    EXPECT_TRUE(refuses_record(error));
    EXPECT_FALSE(refuses_topic(error));
    EXPECT_FALSE(orphaned(error));
  }
}

TEST(Refusal, OfATopicEveryRecordWaits) {
  for (const auto error :
       {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_POLICY_VIOLATION}) {
    EXPECT_TRUE(refuses_topic(error)) << rd_kafka_err2name(error);
    EXPECT_FALSE(refuses_record(error));
    EXPECT_FALSE(refuses_request(error));
  }
}

TEST(Refusal, APartitionThatIsNotThereIsTheRecordsFaultAndNotTheRequests) {
  EXPECT_TRUE(refuses_record(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION));
  EXPECT_FALSE(refuses_request(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION));
}

TEST(Refusal, WhatAClientGaveBackWasNotRefused) {
  for (const auto error : {RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__PURGE_QUEUE,
                           RD_KAFKA_RESP_ERR__PURGE_INFLIGHT}) {
    EXPECT_TRUE(orphaned(error)) << rd_kafka_err2name(error);
    EXPECT_FALSE(refuses_record(error) || refuses_topic(error));
  }
  EXPECT_FALSE(orphaned(RD_KAFKA_RESP_ERR_NO_ERROR));
}

TEST(Refusal, SaysWhatAndOfWhichTopic) {
  const Refused own = refusal("orders", 17, 3, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  EXPECT_EQ(own.index, 3U);
  EXPECT_EQ(own.name, "MSG_SIZE_TOO_LARGE");
  EXPECT_EQ(own.error.kind, ErrorKind::invalid);
  EXPECT_EQ(own.error.code, "E6106");
  EXPECT_NE(own.error.message.find("orders did not take a record of 17 bytes"), std::string::npos);
  EXPECT_EQ(refusal("orders", 1, 0, RD_KAFKA_RESP_ERR__TIMED_OUT).error.kind,
            ErrorKind::unavailable);
  const Error fault = topic_fault("orders", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_EQ(fault.kind, ErrorKind::unavailable) << "it may be made";
  EXPECT_EQ(fault.code, "E6110");
}

}  // namespace
}  // namespace pelton::kafka
