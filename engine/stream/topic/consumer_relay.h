// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/consume/listeners.h"
#include "engine/thread/owned_mailbox.h"

namespace pelton::stream {

// Carries what a consumer says from its loop's thread to the shard, in order. What is still on its
// way when this goes is dropped. Made and destroyed on the shard, after the consumer.
class ConsumerRelay final : public kafka::RecordListener,
                            public kafka::GroupListener,
                            public kafka::CommitListener {
 public:
  // All live longer. `targets` are called on the shard.
  ConsumerRelay(thread::Mailbox& mailbox, kafka::ConsumerListeners targets)
      : mailbox_(mailbox), targets_(targets) {}
  kafka::ConsumerListeners listeners() { return {*this, *this, *this}; }

  void fetched(PartitionId partition, std::uint64_t tenure, Offset base, model::BatchPtr batch,
               Offset end) override;
  void end_moved(PartitionId partition, Offset end) override;
  void passed(PartitionId partition, std::uint64_t tenure, Offset from, Offset to) override;
  void assigning(kafka::GroupFacts group, std::uint64_t round) override;
  void waiting(std::optional<Error> why) override;
  void revoking(std::vector<PartitionId> partitions) override;
  void lost(std::vector<PartitionId> partitions) override;
  void trouble(const Error& error) override;
  void closed() override;
  void committed(std::uint64_t id, Status status) override;
  void metadata_too_long(std::uint64_t id) override;

 private:
  template <typename Call>
  void post(Call call);

  thread::OwnedMailbox mailbox_;
  kafka::ConsumerListeners targets_;
};

}  // namespace pelton::stream
