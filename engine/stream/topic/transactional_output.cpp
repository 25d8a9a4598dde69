// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/transactional_output.h"

#include "engine/stream/topic/topic_output.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::stream {
namespace {

using Outcome = kafka::TransactionalProducer::Outcome;

// After a transaction that the group did not take: what it says of us is on its way.
constexpr Duration kRetry = std::chrono::milliseconds(50);

}  // namespace

TransactionalOutput::TransactionalOutput(TopicInput& input,
                                         std::unique_ptr<kafka::TransactionalProducer> producer,
                                         Duration timeout, thread::Mailbox& mailbox,
                                         boost::asio::io_context& io)
    : input_(input.commit_with(*this)),
      producer_(std::move(producer)),
      mailbox_(mailbox),
      size_(kMostOutputBytes, timeout),
      retry_(io) {}

bool TransactionalOutput::has_uncommitted_outputs(PartitionId partition) const {
  const auto owed = [partition](const Member& member) {
    return member.finished && member.held.partition == partition;
  };
  return std::ranges::any_of(group_, owed) || std::ranges::any_of(stuck_, owed);
}

void TransactionalOutput::send(Result&& result) {
  Member member;
  member.outputs = result.result.outputs;
  member.bytes = member.outputs->bytes().size();
  if (result.partition) member.tenure = input_.progress.tenure(*result.partition);
  member.held = std::move(result);
  bytes_ += member.bytes;
  queue_.push_back(std::move(member));
  begin();
}

void TransactionalOutput::begin() {
  if (state_ != State::idle) return;
  std::erase_if(stuck_, [this](Member& member) {
    if (!input_.progress.fits(*member.held.partition)) return false;
    group_.push_back(std::move(member));
    return true;
  });
  take_queue();
  if (!group_.empty()) write();
}

// Results in their order, as many as one transaction may have.
void TransactionalOutput::take_queue() {
  std::size_t bytes = 0;
  while (!queue_.empty() && (group_.empty() || bytes + queue_.front().bytes <= size_.limit())) {
    bytes += queue_.front().bytes;
    group_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
}

// What is too much goes back to the queue. Finished ones stay: their offsets are settled, and can
// be committed only all together with their outputs.
void TransactionalOutput::give_back() {
  Members kept;
  std::deque<Member> rest;
  std::size_t bytes = 0;
  for (Member& member : group_) {
    const bool fits = rest.empty() && (kept.empty() || bytes + member.bytes <= size_.limit());
    if (!member.finished && !fits) {
      rest.push_back(std::move(member));
      continue;
    }
    bytes += member.bytes;
    kept.push_back(std::move(member));
  }
  group_ = std::move(kept);
  queue_.insert(queue_.begin(), std::make_move_iterator(rest.begin()),
                std::make_move_iterator(rest.end()));
}

// Several finished ones that take too long would do so for ever.
void TransactionalOutput::rewind_settled() {
  const auto finished = [](const Member& member) { return member.finished; };
  if (std::ranges::count_if(group_, finished) < 2) return;
  std::set<PartitionId> partitions;
  for (const Member& member : group_)
    if (member.finished) partitions.insert(*member.held.partition);
  for (const PartitionId partition : partitions) input_.assignment.rewind(partition);
}

// Its partition is still ours, in the same tenure.
bool TransactionalOutput::current(Member& member) const {
  if (member.finished)
    return member.tenure == 0 || input_.progress.tenure(*member.held.partition) == member.tenure;
  return member.held.live(member.held.result);
}

// What is left of a partition that went away belongs to its next owner.
void TransactionalOutput::drop_stale(Members& members) {
  std::erase_if(members, [this](Member& member) {
    if (current(member)) return false;
    bytes_ -= member.bytes;
    if (!member.finished) member.held.finish(std::move(member.held.result));
    return true;
  });
}

void TransactionalOutput::write() {
  state_ = State::writing;
  drop_stale(group_);
  drop_stale(stuck_);
  std::vector<model::BatchPtr> batches;
  for (const Member& member : group_)
    if (member.outputs) batches.push_back(member.outputs);
  open_ = !batches.empty();
  if (!open_) return settle();
  producer_->write(std::move(batches), [this, to = mailbox_.sender()](
                                           kafka::TransactionalProducer::Wrote wrote) {
    to.post([this, wrote = std::move(wrote)]() mutable { on_written(std::move(wrote)); });
  });
}

void TransactionalOutput::on_written(kafka::TransactionalProducer::Wrote&& wrote) {
  std::size_t bytes = 0;
  for (const Member& member : group_) bytes += member.outputs ? member.bytes : 0;
  if (wrote.timed_out) {
    size_.timed_out(bytes);
    give_back();
    rewind_settled();
    return write_soon();
  }
  if (take_refusals(std::move(wrote.refused))) return write();
  size_.written(bytes, wrote.took);
  const bool whole =
      std::ranges::all_of(group_, [this](Member& member) { return current(member); });
  if (whole) return settle();
  abort_and_write();
}

// True: there were some, and so the transaction was aborted.
bool TransactionalOutput::take_refusals(std::vector<std::vector<kafka::Refused>>&& refused) {
  bool any = false;
  auto next = refused.begin();
  std::set<PartitionId> again;
  for (Member& member : group_) {
    if (!member.outputs) continue;
    const std::vector<kafka::Refused>& of_member = *next++;
    if (of_member.empty()) continue;
    any = true;
    if (member.finished && member.held.partition) {
      // Too late to fail its events: they are delivered again, from the committed offset on.
      again.insert(*member.held.partition);
      continue;
    }
    fail_refused(member.held.result, of_member);
    member.outputs = member.held.result.outputs;
  }
  for (const PartitionId partition : again) input_.assignment.rewind(partition);
  return any;
}

// The outputs are in the topic. The dispatcher hears of their results, and what it settles is in
// the store, before the transaction is committed. A replayed dead letter goes when it is committed.
void TransactionalOutput::settle() {
  state_ = State::settling;
  bool any = false;
  for (Member& member : group_) {
    if (member.finished || !member.held.partition) continue;
    member.finished = any = true;
    member.held.finish(std::move(member.held.result));
  }
  if (!any) settled();  // they were, before the transaction was aborted
}

// Offsets that were not waited for would be committed without their outputs.
void TransactionalOutput::settled() {
  if (state_ != State::settling) return;
  state_ = State::storing;
  input_.settlements.after_stored([this] { commit(); });
}

void TransactionalOutput::commit() {
  if (input_.commits.committing()) {
    state_ = State::waiting;  // for commit_over()
    return;
  }
  if (!open_) return end_group();
  const bool whole =
      std::ranges::all_of(group_, [this](Member& member) { return current(member); });
  if (!whole || set_stuck_aside()) return abort_and_write();
  commit_with(input_.commits.take_positions([this](PartitionId partition) {
    return std::ranges::none_of(
        stuck_, [partition](const Member& member) { return member.held.partition == partition; });
  }));
}

// True: there are some more.
bool TransactionalOutput::set_stuck_aside() {
  const std::size_t before = stuck_.size();
  std::erase_if(group_, [this](Member& member) {
    if (!member.held.partition || input_.progress.fits(*member.held.partition)) return false;
    stuck_.push_back(std::move(member));
    return true;
  });
  return stuck_.size() > before;
}

void TransactionalOutput::commit_with(OffsetCommitter::Taken&& taken) {
  state_ = State::committing;
  auto tenures = taken.tenures;
  // On the loop's thread, then on the producer's.
  input_.links.consumer->membership(
      std::move(tenures),
      [this, taken = std::move(taken)](pelton::Result<kafka::GroupMetadata> membership) mutable {
        if (!membership) {
          mailbox_.post([this, taken = std::move(taken)]() mutable {
            on_ended(Outcome::aborted, std::move(taken));
          });
          return;
        }
        auto positions = taken.positions;
        producer_->commit(
            input_.topic, std::move(positions), std::move(*membership),
            [this, to = mailbox_.sender(), taken = std::move(taken)](Outcome outcome) mutable {
              to.post([this, outcome, taken = std::move(taken)]() mutable {
                on_ended(outcome, std::move(taken));
              });
            });
      });
}

void TransactionalOutput::on_ended(Outcome outcome, OffsetCommitter::Taken&& taken) {
  switch (outcome) {
    case Outcome::committed:
      return committed();
    case Outcome::aborted:
      return undone();
    case Outcome::metadata_too_long:
      input_.commits.shorten_metadata();
      return undone();
    case Outcome::unknown:
      input_.commits.was_committed(std::move(taken),
                                   [this](bool done) { done ? committed() : undone(); });
  }
}

void TransactionalOutput::committed() {
  Members done = std::exchange(group_, {});
  open_ = false;
  pause_ = {};
  state_ = State::idle;
  for (Member& member : done) {
    bytes_ -= member.bytes;
    if (!member.finished) member.held.finish(std::move(member.held.result));
  }
  input_.commits.answered({});
  begin();
}

void TransactionalOutput::undone() {
  pause_.begin();
  input_.commits.answered(fail(ErrorKind::unavailable, "E6107",
                               "a transaction to {} was aborted and is written again",
                               input_.topic));
  abort_and_write();
}

// Nothing of the group is in a transaction: what it settled is committed like anything else.
void TransactionalOutput::end_group() {
  for (Member& member : std::exchange(group_, {})) {
    bytes_ -= member.bytes;
    if (!member.finished) member.held.finish(std::move(member.held.result));
  }
  state_ = State::idle;
  begin();
}

void TransactionalOutput::abort_and_write() {
  state_ = State::writing;
  producer_->abort([this, to = mailbox_.sender()] { to.post([this] { write_soon(); }); });
}

void TransactionalOutput::write_soon() {
  retry_.after(std::max(kRetry, std::chrono::duration_cast<Duration>(pause_.delay())),
               [this] { write(); });
}

void TransactionalOutput::commit_over() {
  if (state_ == State::waiting) return commit();
  begin();
}

}  // namespace pelton::stream
