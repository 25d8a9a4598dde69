// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connector/sink.h"
#include "engine/kafka/options.h"
#include "engine/kafka/produce/producer.h"

#include <memory>
#include <vector>

namespace pelton::kafka_connector {

// Writes events to a topic by an idempotent producer; done are those that all replicas in sync have
// acknowledged. Behind a record that the brokers refuse nothing of its lane is written.
//
// A write that the brokers do not answer returns, and is waited for again when the host repeats it:
// its records are with the client still and are not sent twice.
//
// Errors of connect(): E6101 unavailable; E6102 invalid. Of write(): E6101 unavailable. Failures of
// single events: E6106, invalid (too large, a timestamp out of range) or unavailable.
class KafkaSink final : public connector::Sink {
 public:
  explicit KafkaSink(kafka::TopicOptions topic);
  ~KafkaSink() override;

  Status connect() override;
  Result<std::vector<connector::SinkFailure>> write(
      const model::Batch& batch, const connector::SinkPosition& position) override;
  void close() override;

 private:
  class Writing;
  struct Client;

  Result<std::vector<kafka::Refused>> await();

  const kafka::TopicOptions topic_;
  std::unique_ptr<Client> client_;
  // Shared with the producer, which answers it.
  std::shared_ptr<Writing> writing_;
};

}  // namespace pelton::kafka_connector
