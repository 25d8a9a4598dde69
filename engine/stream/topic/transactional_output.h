// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/kafka/produce/pause.h"
#include "engine/kafka/produce/transactional_producer.h"
#include "engine/stream/output.h"
#include "engine/stream/topic/topic_input.h"
#include "engine/stream/topic/transaction_size.h"
#include "engine/thread/owned_mailbox.h"
#include "engine/thread/timer.h"

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace pelton::stream {

// Outputs to a topic and the offsets that they came from, in one transaction: exactly once for a
// reader with isolation.level=read_committed. Results that come while a transaction runs go into
// the next one, so the faster they come the larger the transactions are.
//
// A transaction: write all outputs; then tell the dispatcher, and wait until settled() says that
// what it settles has reached the input; then until all of that is in the store; then commit the
// input's positions with it. One that is
// aborted is written again from memory, without what went away meanwhile, and no function is called
// again for it. One that takes too long is written in parts, down to a single result. Where its
// results were settled before it was aborted, it cannot be: their partitions are read again from
// the committed offsets on. Shard-confined.
class TransactionalOutput final : public Output, private OffsetCommitter::Transactions {
 public:
  // The input and the mailbox live longer. `timeout`: that of the producer's transactions.
  TransactionalOutput(TopicInput& input, std::unique_ptr<kafka::TransactionalProducer> producer,
                      Duration timeout, thread::Mailbox& mailbox, boost::asio::io_context& io);

  bool room() const override { return bytes_ < kMostOutputBytes; }
  void send(Result&& result) override;
  void settled() override;
  std::string trouble() const override { return producer_->trouble(); }

 private:
  struct Member {
    Result held;
    model::BatchPtr outputs;   // null once all of them were refused
    std::uint64_t tenure = 0;  // of its partition; 0: a replayed dead letter
    std::size_t bytes = 0;
    bool finished = false;  // the dispatcher knows; what is left is the commit
  };
  enum class State { idle, writing, settling, storing, waiting, committing };
  using Members = std::vector<Member>;

  bool has_uncommitted_outputs(PartitionId partition) const override;
  void commit_over() override;

  void begin();
  void write();
  void take_queue();
  void on_written(kafka::TransactionalProducer::Wrote&& wrote);
  void give_back();
  void rewind_settled();
  bool take_refusals(std::vector<std::vector<kafka::Refused>>&& refused);
  void settle();
  void commit();
  void commit_with(OffsetCommitter::Taken&& taken);
  void on_ended(kafka::TransactionalProducer::Outcome outcome, OffsetCommitter::Taken&& taken);
  void committed();
  void undone();
  void end_group();
  void abort_and_write();
  void write_soon();
  bool current(Member& member) const;
  void drop_stale(Members& members);
  bool set_stuck_aside();

  const TopicInput::Shared input_;
  const std::unique_ptr<kafka::TransactionalProducer> producer_;
  thread::OwnedMailbox mailbox_;
  State state_ = State::idle;
  std::deque<Member> queue_;  // for the next transactions; none is finished
  TransactionSize size_;
  Members group_;  // of the transaction at hand
  // Finished, but their partition has more holes than a commit's metadata can tell: they wait until
  // it has fewer.
  Members stuck_;
  bool open_ = false;  // a transaction is
  std::size_t bytes_ = 0;
  kafka::Pause pause_;  // after transactions that were undone in a row
  thread::Timer retry_;
};

}  // namespace pelton::stream
