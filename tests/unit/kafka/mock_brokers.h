// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/handles.h"

#include <initializer_list>
#include <string>

struct rd_kafka_mock_cluster_s;

namespace pelton::kafka {

// Keys of the protocol's requests (https://kafka.apache.org/protocol#protocol_api_keys).
enum class Api : std::int16_t {
  produce = 0,
  init_producer_id = 22,
  add_partitions_to_txn = 24,
  add_offsets_to_txn = 25,
  end_txn = 26,
  txn_offset_commit = 28,
};

// Resource. The client library's own brokers, in this process on a loopback port: for errors that
// a real broker does not give on demand. They know no isolation of transactions.
class MockBrokers {
 public:
  MockBrokers();
  ~MockBrokers();
  MockBrokers(const MockBrokers&) = delete;
  MockBrokers& operator=(const MockBrokers&) = delete;

  std::string address() const;
  void topic(const std::string& name, int partitions);
  // What the next requests of this kind are answered with.
  void fail(Api api, std::initializer_list<rd_kafka_resp_err_t> errors);

 private:
  rd_kafka_t* owner_ = nullptr;
  rd_kafka_mock_cluster_s* cluster_ = nullptr;
};

}  // namespace pelton::kafka
