// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/consumer_relay.h"

#include <utility>

namespace pelton::stream {

template <typename Call>
void ConsumerRelay::post(Call call) {
  mailbox_.post([this, call = std::move(call)]() mutable { call(targets_); });
}

void ConsumerRelay::fetched(PartitionId partition, std::uint64_t tenure, Offset base,
                            model::BatchPtr batch, Offset end) {
  post([=, batch = std::move(batch)](kafka::ConsumerListeners& to) mutable {
    to.records.fetched(partition, tenure, base, std::move(batch), end);
  });
}
void ConsumerRelay::end_moved(PartitionId partition, Offset end) {
  post([=](kafka::ConsumerListeners& to) { to.records.end_moved(partition, end); });
}
void ConsumerRelay::passed(PartitionId partition, std::uint64_t tenure, Offset from, Offset end) {
  post([=](kafka::ConsumerListeners& to) { to.records.passed(partition, tenure, from, end); });
}
void ConsumerRelay::assigning(kafka::GroupFacts group, std::uint64_t round) {
  post([group = std::move(group), round](kafka::ConsumerListeners& to) mutable {
    to.group.assigning(std::move(group), round);
  });
}
void ConsumerRelay::waiting(std::optional<Error> why) {
  post([why = std::move(why)](kafka::ConsumerListeners& to) mutable {
    to.group.waiting(std::move(why));
  });
}
void ConsumerRelay::revoking(std::vector<PartitionId> partitions) {
  post([partitions = std::move(partitions)](kafka::ConsumerListeners& to) mutable {
    to.group.revoking(std::move(partitions));
  });
}
void ConsumerRelay::lost(std::vector<PartitionId> partitions) {
  post([partitions = std::move(partitions)](kafka::ConsumerListeners& to) mutable {
    to.group.lost(std::move(partitions));
  });
}
void ConsumerRelay::trouble(const Error& error) {
  post([error](kafka::ConsumerListeners& to) { to.group.trouble(error); });
}
void ConsumerRelay::closed() {
  post([](kafka::ConsumerListeners& to) { to.group.closed(); });
}
void ConsumerRelay::committed(std::uint64_t id, Status status) {
  post([id, status = std::move(status)](kafka::ConsumerListeners& to) mutable {
    to.commits.committed(id, std::move(status));
  });
}
void ConsumerRelay::metadata_too_long(std::uint64_t id) {
  post([id](kafka::ConsumerListeners& to) { to.commits.metadata_too_long(id); });
}

}  // namespace pelton::stream
