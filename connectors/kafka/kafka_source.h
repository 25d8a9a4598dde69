// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "connectors/kafka/source_member.h"
#include "engine/connector/source.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pelton::kafka_connector {

// Reads a topic as a member of a consumer group, whose offset follows what is on disk here.
//
// Errors of connect(): E6101 unavailable; E6102 invalid; E6105 invalid, when another member has
// this one's name. Of read(): E6101 unavailable, E6105 corrupt. What concerns one partition is a
// warning: E6104, E6101.
class KafkaSource final : public connector::Source {
 public:
  explicit KafkaSource(SourceSetup setup) : setup_(std::move(setup)) {}

  Status connect() override;
  Result<connector::Read> read(model::BatchBuilder& into, std::size_t max_events,
                               std::size_t max_bytes,
                               std::chrono::steady_clock::time_point deadline) override;
  Status settle(connector::AckToken token, connector::Settlement how) override;
  void close() override;
  std::vector<std::string> take_warnings() override;
  connector::SourceFacts facts() const override;

 private:
  const SourceSetup setup_;
  std::unique_ptr<SourceMember> member_;
  std::optional<Error> ended_;         // why no further client would be better
  std::vector<std::string> warnings_;  // of a member that has left
  connector::AckToken tokens_ = 0;     // given by members before this one
  connector::AckToken last_ = 0;
};

}  // namespace pelton::kafka_connector
