// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/options.h"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pelton::test {

// Keys of the protocol's requests (https://kafka.apache.org/protocol#protocol_api_keys).
enum class Api : std::int16_t {
  produce = 0,
  list_offsets = 2,
  metadata = 3,
  offset_commit = 8,
  offset_fetch = 9,
  init_producer_id = 22,
  add_partitions_to_txn = 24,
  txn_offset_commit = 28,
  end_txn = 26,
};

// librdkafka's mock of a Kafka cluster, in this process and on loopback: one broker. For what needs
// errors at a given moment, or no Java; it knows no isolation of transactions and no rights.
class MockCluster {
 public:
  struct Record {
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers{};
  };

  MockCluster();
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  kafka::TopicOptions topic(const std::string& name, int partitions = 1);
  // Acknowledged when it returns.
  void produce(const std::string& topic, int partition, const Record& record) {
    produce_all(topic, partition, {record});
  }
  // In one request: a fetch gives them together.
  void produce_all(const std::string& topic, int partition, const std::vector<Record>& records);
  // All records of a partition, in order.
  std::vector<Record> read(const std::string& topic, int partition = 0);
  // The offset that a group has committed; -1: none.
  std::int64_t committed(const std::string& group, const std::string& topic, int partition = 0);
  // Commits for a group without members.
  void commit(const std::string& group, const std::string& topic, int partition,
              std::int64_t offset, const std::string& metadata = {});
  void set_down(bool down);
  // A partition without a leader cannot be read, written or asked for its offsets.
  void set_leader(const std::string& topic, int partition, bool has_one);
  // Whether a consumer may be reading meanwhile: from librdkafka 2.11 to at least 2.12.1 the mock
  // cluster ends the process when it answers a fetch from a partition that has lost its leader.
  static bool can_lose_leaders_while_read();
  // What the next requests of this kind are answered with (rd_kafka_resp_err_t).
  void fail(Api api, std::initializer_list<int> errors);
  // From now on they are answered as they should be.
  void heal(Api api);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pelton::test
