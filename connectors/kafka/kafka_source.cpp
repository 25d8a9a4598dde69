// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka_source.h"

#include <iterator>
#include <utility>

namespace pelton::kafka_connector {

Status KafkaSource::connect() {
  if (ended_) return std::unexpected(*ended_);
  auto member = SourceMember::join(setup_);
  if (!member) return std::unexpected(member.error());
  member_ = std::move(*member);
  tokens_ = last_;
  return {};
}

Result<connector::Read> KafkaSource::read(model::BatchBuilder& into, std::size_t max_events,
                                          std::size_t max_bytes,
                                          std::chrono::steady_clock::time_point deadline) {
  auto token = member_->read(into, max_events, max_bytes, deadline);
  if (!token) {
    // Another engine has this one's `instance`: with a new client they would only take turns.
    if (token.error().kind == ErrorKind::corrupt) {
      ended_ = token.error();
      ended_->kind = ErrorKind::invalid;
    }
    return std::unexpected(std::move(token).error());
  }
  // A member's tokens begin at 1; the connector's do not.
  return last_ = tokens_ + *token;
}

Status KafkaSource::settle(connector::AckToken token, connector::Settlement how) {
  if (member_) member_->settle(token - tokens_, how == connector::Settlement::done);
  return {};
}

void KafkaSource::close() {
  if (!member_) return;
  member_->leave();
  warnings_ = member_->take_warnings();
  member_.reset();
}

std::vector<std::string> KafkaSource::take_warnings() {
  auto warnings = std::exchange(warnings_, {});
  if (member_) std::ranges::move(member_->take_warnings(), std::back_inserter(warnings));
  return warnings;
}

connector::SourceFacts KafkaSource::facts() const {
  return member_ ? connector::SourceFacts{.behind = member_->lag()} : connector::SourceFacts{};
}

}  // namespace pelton::kafka_connector
