// SPDX-License-Identifier: Apache-2.0
// What the group gives and takes, and what is committed in it.
#include "engine/kafka/consume/group_reader_impl.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookupTimeout{5'000};
// How long what was given out may take to be settled once its partition moves.
constexpr std::chrono::seconds kDrain{5};
constexpr std::chrono::milliseconds kCommitTimeout{5'000};
constexpr std::chrono::seconds kLeaveTimeout{5};
constexpr std::chrono::milliseconds kLeaveSlice{100};

Partitions list_of(const std::string& topic, const std::vector<PartitionId>& partitions) {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (PartitionId partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition.value));
  return list;
}

std::vector<PartitionId> partitions_in(const rd_kafka_topic_partition_list_t* list) {
  std::vector<PartitionId> partitions;
  for (int i = 0; list != nullptr && i < list->cnt; ++i)
    partitions.push_back(PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)});
  return partitions;
}

rd_kafka_resp_err_t error_in(rd_kafka_event_t* event) {
  auto error = rd_kafka_event_error(event);
  const auto* list = rd_kafka_event_topic_partition_list(event);
  for (int i = 0; list != nullptr && error == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; ++i)
    error = list->elems[i].err;
  return error;
}

}  // namespace

bool GroupReader::Impl::cooperative() const {
  const char* protocol = rd_kafka_rebalance_protocol(client_);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

void GroupReader::Impl::complain(rd_kafka_error_t* error, const char* what) {
  const KafkaError owned(error);
  if (owned)
    error_ = Error{
        ErrorKind::unavailable, "E6101",
        fmt::format("{} of {}: {}", what, setup_.topic.topic, rd_kafka_error_string(owned.get()))};
}

void GroupReader::Impl::on_rebalance(rd_kafka_event_t* event) {
  auto partitions = partitions_in(rd_kafka_event_topic_partition_list(event));
  if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    assigned(partitions);
  else
    revoked(std::move(partitions));
}

// Reading begins nowhere unless the brokers say where: then the connection is begun anew.
void GroupReader::Impl::assigned(const std::vector<PartitionId>& partitions) {
  std::optional<WallTime> time;
  if (setup_.start.kind == config::Start::Kind::time) time = setup_.start.time;
  Result<std::vector<PartitionFacts>> facts;
  if (!partitions.empty())
    facts = look_up(client_, setup_.topic.topic, partitions, time, kLookupTimeout);
  if (!facts) {
    error_ = facts.error();
    facts.emplace();
  }
  std::vector<PartitionId> read;
  for (const PartitionFacts& fact : *facts) {
    const auto offset = beginning(fact);
    if (!offset) continue;
    Part& part = parts_[fact.partition];
    part = Part{++stays_, *offset, *offset, fact.committed.value_or(-1), fact.end, 0};
    read.push_back(fact.partition);
  }
  const Partitions list = list_of(setup_.topic.topic, read);
  for (int i = 0; i < list->cnt; ++i)
    list->elems[i].offset =
        parts_.at(PartitionId{static_cast<std::uint32_t>(list->elems[i].partition)}).next;
  if (cooperative())
    complain(rd_kafka_incremental_assign(client_, list.get()), "taking partitions");
  else if (const auto error = rd_kafka_assign(client_, list.get());
           error != RD_KAFKA_RESP_ERR_NO_ERROR)
    error_ = to_error(error, "taking partitions of " + setup_.topic.topic);
}

std::optional<Offset> GroupReader::Impl::beginning(const PartitionFacts& facts) {
  if (facts.committed) return in_range(facts, *facts.committed);
  return first_offset(setup_.start, facts);
}

// Nothing: the partition is not read, the operator is called.
std::optional<Offset> GroupReader::Impl::in_range(const PartitionFacts& facts, Offset wanted) {
  if (wanted >= facts.earliest && wanted <= facts.end) return wanted;
  using Policy = config::KafkaGroup::OutOfRange;
  const std::string sentence =
      fmt::format("E6104: the offset {} is not in partition {} of {} any more (it has {} to {})",
                  wanted, facts.partition.value, setup_.topic.topic, facts.earliest, facts.end);
  if (setup_.group.out_of_range == Policy::stop) {
    warn(sentence +
         ": the partition is not read: set the group's offset, or `out_of_range`, and "
         "start again");
    return std::nullopt;
  }
  const bool first = setup_.group.out_of_range == Policy::earliest;
  warn(fmt::format("{}; going on at the {} record", sentence, first ? "earliest" : "latest"));
  return first ? facts.earliest : facts.end;
}

void GroupReader::Impl::on_out_of_range(PartitionId partition) {
  const auto at = parts_.find(partition);
  if (at == parts_.end()) return;
  auto facts = look_up_ends(client_, setup_.topic.topic, {partition}, std::nullopt, kLookupTimeout);
  if (!facts) {
    error_ = facts.error();
    return;
  }
  // The topic may have been made anew with as many records again: the next fetch tells.
  const auto offset = in_range(facts->front(), at->second.next);
  if (!offset) return;
  at->second.settled = *offset;
  rewind(partition, at->second);
}

void GroupReader::Impl::revoked(std::vector<PartitionId> partitions) {
  if (rd_kafka_assignment_lost(client_) != 0) {
    warn("the group has given the partitions of " + setup_.topic.topic +
         " to somebody else; nothing is committed");
    return unassign(partitions);
  }
  revoking_ = std::move(partitions);
  revoke_until_ = steady_clock::now() + kDrain;
  // Even with nothing to give back the group waits for the answer.
  if (revoking_.empty()) return unassign({});
  release_if_settled();
}

void GroupReader::Impl::release_if_settled() {
  if (revoking_.empty()) return;
  const bool settled = std::ranges::all_of(revoking_, [this](PartitionId partition) {
    const auto at = parts_.find(partition);
    return at == parts_.end() || at->second.open == 0;
  });
  const bool reads = std::ranges::any_of(now_, [this](const Chunk& chunk) {
    return std::ranges::find(revoking_, chunk.partition) != revoking_.end();
  });
  if ((!settled || reads) && steady_clock::now() < revoke_until_) return;
  commit_and_wait();
  unassign(std::exchange(revoking_, {}));
}

void GroupReader::Impl::unassign(const std::vector<PartitionId>& partitions) {
  std::vector<PartitionId> ours;
  for (PartitionId partition : partitions)
    if (parts_.erase(partition) != 0) ours.push_back(partition);
  revoking_.clear();
  if (cooperative()) {
    complain(rd_kafka_incremental_unassign(client_, list_of(setup_.topic.topic, ours).get()),
             "giving partitions back");
    return;
  }
  parts_.clear();
  rd_kafka_assign(client_, nullptr);
}

// What is settled and not committed; noted as sent.
Partitions GroupReader::Impl::positions_to_commit() {
  Partitions list(rd_kafka_topic_partition_list_new(static_cast<int>(parts_.size())));
  for (auto& [partition, part] : parts_) {
    if (part.settled == part.sent) continue;
    part.sent = part.settled;
    rd_kafka_topic_partition_list_add(list.get(), setup_.topic.topic.c_str(),
                                      static_cast<std::int32_t>(partition.value))
        ->offset = part.settled;
  }
  return list;
}

void GroupReader::Impl::commit_if_due() {
  const auto now = steady_clock::now();
  if (committing_ || now < committed_at_ + setup_.group.commit_interval) return;
  const Partitions list = positions_to_commit();
  if (list->cnt == 0) return;
  committed_at_ = now;
  committing_ = rd_kafka_commit_queue(client_, list.get(), queue_.get(), nullptr, nullptr) ==
                RD_KAFKA_RESP_ERR_NO_ERROR;
}

void GroupReader::Impl::on_commit(rd_kafka_event_t* event) {
  committing_ = false;
  const auto error = error_in(event);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET) return;
  // Again, with what is settled by then; of partitions that are not ours any more nothing is left.
  for (auto& [partition, part] : parts_) part.sent = -1;
  if (error != RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
    warn(to_error(error, "committing offsets of " + setup_.topic.topic).text());
}

void GroupReader::Impl::commit_and_wait() {
  for (auto& [partition, part] : parts_)
    if (committing_) part.sent = -1;  // whatever becomes of the one that is on its way
  const Partitions list = positions_to_commit();
  if (list->cnt == 0) return;
  const Queue answers(rd_kafka_queue_new(client_));
  if (rd_kafka_commit_queue(client_, list.get(), answers.get(), nullptr, nullptr) !=
      RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  const Event event(rd_kafka_queue_poll(answers.get(), static_cast<int>(kCommitTimeout.count())));
  const auto error = event ? error_in(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    warn(to_error(error, "committing offsets of " + setup_.topic.topic).text());
}

void GroupReader::Impl::leave() {
  const KafkaError refused(rd_kafka_consumer_close_queue(client_, queue_.get()));
  if (refused) return;
  const auto until = steady_clock::now() + kLeaveTimeout;
  while (!rd_kafka_consumer_closed(client_) && steady_clock::now() < until) {
    const Event event(rd_kafka_queue_poll(queue_.get(), static_cast<int>(kLeaveSlice.count())));
    if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE)
      unassign(partitions_in(rd_kafka_event_topic_partition_list(event.get())));
  }
}

void GroupReader::Impl::close() {
  if (client_ == nullptr) return;
  given_.clear();
  // Brokers that are away would be waited for.
  if (!down_since_) {
    commit_and_wait();
    leave();
  }
  parts_.clear();
  topic_.reset();
  queue_.reset();
  rd_kafka_destroy_flags(std::exchange(client_, nullptr), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

GroupReader::Impl::~Impl() {
  close();
}

}  // namespace pelton::kafka
