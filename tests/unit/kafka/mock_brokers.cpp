// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/kafka/mock_brokers.h"

#include <librdkafka/rdkafka_mock.h>

#include <vector>

namespace pelton::kafka {

MockBrokers::MockBrokers() {
  char text[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  // It has no brokers of its own to know, and says so otherwise.
  rd_kafka_conf_set(conf, "log_level", "3", text, sizeof text);
  owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
  cluster_ = rd_kafka_mock_cluster_new(owner_, 1);
}

MockBrokers::~MockBrokers() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(owner_);
}

std::string MockBrokers::address() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

void MockBrokers::topic(const std::string& name, int partitions) {
  rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
}

void MockBrokers::fail(Api api, std::initializer_list<rd_kafka_resp_err_t> errors) {
  const std::vector<rd_kafka_resp_err_t> list(errors);
  rd_kafka_mock_push_request_errors_array(cluster_, static_cast<std::int16_t>(api), list.size(),
                                          list.data());
}

}  // namespace pelton::kafka
