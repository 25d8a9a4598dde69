// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/offset_committer.h"

#include "engine/observe/log.h"

#include <utility>

namespace pelton::stream {

OffsetCommitter::OffsetCommitter(Setup setup, GroupProgress& progress, kafka::MetadataCodec& codec,
                                 Settlements& settlements, InputTrouble& trouble,
                                 const TopicLinks& links, thread::Mailbox& mailbox,
                                 boost::asio::io_context& io)
    : setup_(std::move(setup)),
      progress_(progress),
      codec_(codec),
      settlements_(settlements),
      trouble_(trouble),
      links_(links),
      mailbox_(mailbox),
      ticker_(io) {}

void OffsetCommitter::commit_with(Transactions& transactions) {
  transactions_ = &transactions;
  // Of outputs that are committed nothing may be forgotten.
  progress_.require_all_ranges();
}

void OffsetCommitter::tick() {
  commit();
  if (transactions_ != nullptr && !committing()) transactions_->commit_over();
  ticker_.after(setup_.interval, [this] { tick(); });
}

OffsetCommitter::Taken OffsetCommitter::take_positions(
    const std::function<bool(PartitionId)>& may) {
  Taken taken;
  for (const GroupPosition& position : progress_.take_positions(may)) {
    auto metadata = codec_.encode(position.partition, position.offset, position.metadata);
    taken.positions.push_back({position.partition, position.offset, std::move(metadata.text)});
    taken.tenures.push_back({position.partition, position.tenure});
  }
  return taken;
}

void OffsetCommitter::commit() {
  if (committing()) return;
  auto taken = take_positions([this](PartitionId partition) {
    return transactions_ == nullptr || !transactions_->has_uncommitted_outputs(partition);
  });
  if (!taken.positions.empty()) links_.consumer->commit(++commits_, std::move(taken.positions));
}

void OffsetCommitter::committed(std::uint64_t id, Status status) {
  if (id == commits_ && committing()) answered(status);
}

void OffsetCommitter::metadata_too_long(std::uint64_t id) {
  if (id != commits_ || !committing()) return;
  shorten_metadata();
  progress_.committed(false);
  commit();
}

void OffsetCommitter::shorten_metadata() {
  if (codec_.halve())
    observe::log::warn(
        "the brokers take less metadata with an offset (offset.metadata.max.bytes): events that "
        "are settled ahead of the others and do not fit are delivered again after a rebalance",
        {{"binding", setup_.binding}, {"bytes", std::to_string(codec_.room())}});
}

void OffsetCommitter::answered(const Status& status) {
  // What failed is tried again at the next tick, as the member that we are then.
  progress_.committed(status.has_value());
  if (!status)
    trouble_.say(status.error());
  else
    trouble_.over();
  settlements_.complete();
  answer_(status.has_value());
  if (transactions_ != nullptr && !committing()) transactions_->commit_over();
}

void OffsetCommitter::was_committed(Taken taken, std::function<void(bool)> answer) {
  std::vector<PartitionId> partitions;
  for (const kafka::OffsetCommit& position : taken.positions)
    partitions.push_back(position.partition);
  if (partitions.empty()) return answer(false);
  auto asked = [this, taken = std::move(taken), answer = std::move(answer)](Known known) mutable {
    mailbox_.post([this, known = std::move(known), taken = std::move(taken),
                   answer = std::move(answer)]() mutable {
      if (!known) return was_committed(std::move(taken), std::move(answer));
      answer(matches(taken, *known));
    });
  };
  links_.consumer->ask_committed(std::move(partitions), std::move(asked));
}

// All of them were committed or none: one that is still ours tells.
bool OffsetCommitter::matches(const Taken& taken,
                              const std::vector<kafka::OffsetCommit>& known) const {
  for (std::size_t i = 0; i < taken.positions.size(); ++i) {
    const kafka::OffsetCommit& sent = taken.positions[i];
    if (progress_.tenure(sent.partition) != taken.tenures[i].number) continue;
    return known[i].offset == sent.offset && known[i].metadata == sent.metadata;
  }
  return false;
}

}  // namespace pelton::stream
