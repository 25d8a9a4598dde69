// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/source_member.h"

#include "engine/kafka/consume/resume_offset.h"
#include "engine/kafka/consume/topic_reader.h"
#include "engine/kafka/records/schema_decoder.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka_connector {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kReadAhead = 16U << 20;  // of all partitions
// How often commits and revokes are looked at while nothing comes.
constexpr milliseconds kPollSlice{100};
// How long what was given out may take to be settled once its partition moves.
constexpr std::chrono::seconds kDrain{5};
constexpr std::chrono::seconds kLastCommit{5};
constexpr std::chrono::seconds kLeave{5};
// The client has its own way back to brokers that are away for less.
constexpr std::chrono::seconds kDownPatience{2};
constexpr std::size_t kMaxWarnings = 16;  // kept between two calls of take_warnings()

// What could not be decoded says so: a stream of the engine takes everything.
void add(const model::Batch& batch, std::size_t i, model::BatchBuilder& into) {
  const Error* why = batch.fault(i);
  if (why == nullptr) return into.add(batch, i);
  model::EventView event = batch.event(i);
  const std::string text = why->text();
  event.headers.push_back({kafka::kSchemaError, text});
  into.add(event);
}

Result<std::uint32_t> ask_for(const kafka::TopicOptions& topic) {
  auto reader = kafka::TopicReader::open(topic);
  if (!reader) return std::unexpected(reader.error());
  return (*reader)->partitions();
}

}  // namespace

Result<std::unique_ptr<SourceMember>> SourceMember::join(const SourceSetup& setup) {
  const auto partitions = ask_for(setup.topic);
  if (!partitions) return std::unexpected(partitions.error());
  std::unique_ptr<SourceMember> member(new SourceMember(setup));
  kafka::Consumer::Setup consumer{setup.topic.client, setup.group, setup.topic.topic, {}};
  if (setup.start.kind == config::Start::Kind::time) consumer.start_time = setup.start.time;
  consumer.budget = std::make_shared<kafka::FetchBudget>(kReadAhead);
  consumer.schemas = setup.topic.schemas;
  SourceMember& self = *member;
  auto made = kafka::Consumer::create(std::move(consumer), self.loop_, {self, self, self});
  if (!made) return std::unexpected(made.error());
  member->consumer_ = std::move(*made);
  member->consumer_->subscribe();
  return member;
}

SourceMember::~SourceMember() = default;

std::vector<std::string> SourceMember::take_warnings() {
  return std::exchange(warnings_, {});
}

void SourceMember::warn(std::string sentence) {
  if (sentence == last_warning_ || warnings_.size() >= kMaxWarnings) return;
  last_warning_ = sentence;
  warnings_.push_back(std::move(sentence));
}

// ---- reading

void SourceMember::turn_until(SteadyTime deadline, const std::function<bool()>& over) {
  for (;;) {
    do_duties();
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    loop_.turn(over() ? milliseconds(0) : std::clamp(left, milliseconds(0), kPollSlice));
    if (over() || steady_clock::now() >= deadline) return;
  }
}

Result<SourceMember::Token> SourceMember::read(model::BatchBuilder& into, std::size_t max_events,
                                               std::size_t max_bytes, SteadyTime deadline) {
  turn_until(deadline, [this] { return error_ || !ready_.empty(); });
  if (!error_) fill(into, max_events, max_bytes);
  if (into.empty()) check_brokers();
  if (error_ && into.empty()) return std::unexpected(*std::exchange(error_, std::nullopt));
  return progress_.finish();
}

void SourceMember::fill(model::BatchBuilder& into, std::size_t max_events, std::size_t max_bytes) {
  while (!ready_.empty() && into.size() < max_events && into.payload_bytes() < max_bytes) {
    Ready& ready = ready_.front();
    if (progress_.current(ready.partition, ready.tenure)) {
      give(ready, into, max_events, max_bytes);
      if (ready.first < ready.batch->size()) return;
      consumer_->taken(ready.partition, ready.tenure, ready.batch->bytes().size());
    }
    ready_.pop_front();
  }
}

void SourceMember::give(Ready& ready, model::BatchBuilder& into, std::size_t max_events,
                        std::size_t max_bytes) {
  const model::Batch& batch = *ready.batch;
  const bool whole = ready.first == 0 && batch.consecutive() && !batch.has_faults() &&
                     into.size() + batch.size() <= max_events &&
                     into.payload_bytes() + batch.bytes().size() <= max_bytes;
  if (whole) {
    into.add_range(batch, 0, batch.size());
    ready.first = batch.size();
  }
  while (ready.first < batch.size() && into.size() < max_events && into.payload_bytes() < max_bytes)
    add(batch, ready.first++, into);
  progress_.give(ready.partition, ready.base + batch.delta(ready.first - 1) + 1);
}

void SourceMember::settle(Token token, bool done) {
  for (const SourceProgress::Rewind& rewind : progress_.settle(token, done))
    consumer_->seek({rewind.partition, rewind.tenure, rewind.from});
}

// The client says that brokers are gone, never that one is back.
void SourceMember::check_brokers() {
  if (error_ || !down_since_ || steady_clock::now() < *down_since_ + kDownPatience) return;
  if (auto answer = ask_for(setup_.topic); answer)
    down_since_.reset();
  else
    error_ = answer.error();
}

// ---- the group

kafka::Consumer::ReadFrom SourceMember::begin(const kafka::PartitionFacts& facts) {
  const auto position = progress_.next(facts.partition);
  const auto resume = kafka::resume_offset({setup_.start, setup_.group.out_of_range}, facts,
                                           position ? position : facts.committed);
  if (!resume) {
    warn(
        fmt::format("{} of topic {}: the partition is not read; set the group's offset or "
                    "`out_of_range`, then restart",
                    resume.error().text(), setup_.topic.topic));
    progress_.forget(facts.partition);
    return {facts.partition, 0, facts.end, true};
  }
  if (resume->moved)
    warn(
        fmt::format("E6104: the group's offset is no longer in partition {} of topic {}; reading "
                    "continues at offset {}",
                    facts.partition.value, setup_.topic.topic, resume->offset));
  return {facts.partition,
          progress_.begin(facts.partition, resume->offset, facts.committed, facts.end),
          resume->offset, false};
}

void SourceMember::assigning(kafka::GroupFacts group, std::uint64_t round) {
  codec_.learn(group.cluster, group.topic_id, group.original_partitions);
  std::vector<kafka::Consumer::ReadFrom> starts;
  for (const kafka::PartitionFacts& each : group.facts) starts.push_back(begin(each));
  down_since_.reset();
  consumer_->begin(round, std::move(starts));
}

void SourceMember::waiting(std::optional<Error> why) {
  if (why) trouble(*why);
}

void SourceMember::fetched(PartitionId partition, std::uint64_t tenure, Offset base,
                           model::BatchPtr batch, Offset end) {
  down_since_.reset();
  progress_.end_moved(partition, end);
  const bool leaves = std::ranges::find(revoking_, partition) != revoking_.end();
  if (!leaves) ready_.push_back({partition, tenure, base, std::move(batch), 0});
}

void SourceMember::end_moved(PartitionId partition, Offset end) {
  progress_.end_moved(partition, end);
}

void SourceMember::passed(PartitionId partition, std::uint64_t tenure, Offset from, Offset to) {
  if (progress_.current(partition, tenure)) progress_.pass(partition, from, to);
}

void SourceMember::revoking(std::vector<PartitionId> partitions) {
  revoking_ = std::move(partitions);
  revoke_until_ = steady_clock::now() + kDrain;
  std::erase_if(ready_, [this](const Ready& ready) {
    return std::ranges::find(revoking_, ready.partition) != revoking_.end();
  });
}

void SourceMember::lost(std::vector<PartitionId> partitions) {
  if (!partitions.empty() && consumer_ && !leaving_)
    warn("the group has given the partitions of " + setup_.topic.topic +
         " to another member; nothing of them is committed");
  forget(partitions);
  revoking_.clear();
}

void SourceMember::forget(const std::vector<PartitionId>& partitions) {
  for (const PartitionId partition : partitions) progress_.forget(partition);
}

void SourceMember::trouble(const Error& error) {
  if (error.kind == ErrorKind::corrupt) {
    error_ = error;
    return;
  }
  if (!down_since_) down_since_ = steady_clock::now();
  warn(error.text());
}

// ---- commits

bool SourceMember::commit() {
  auto commits = progress_.take_commits();
  if (commits.empty()) return false;
  // For partitions that are added later, and whoever reads on in the group.
  for (kafka::OffsetCommit& each : commits)
    each.metadata = codec_.encode(each.partition, each.offset, {}).text;
  committed_at_ = steady_clock::now();
  committing_ = true;
  consumer_->commit(0, std::move(commits));
  return true;
}

void SourceMember::do_duties() {
  if (committing_) return;
  const auto now = steady_clock::now();
  if (!revoking_.empty() && (progress_.settled(revoking_) || now >= revoke_until_)) {
    last_commit_ = true;
    if (!commit()) committed(0, {});
  } else if (now >= committed_at_ + setup_.group.commit_interval) {
    commit();
  }
}

void SourceMember::committed(std::uint64_t, Status status) {
  committing_ = false;
  if (!status) {
    progress_.commit_failed();
    warn(status.error().text());
  }
  if (!std::exchange(last_commit_, false)) return;
  forget(revoking_);
  consumer_->release(std::exchange(revoking_, {}));
}

void SourceMember::metadata_too_long(std::uint64_t) {
  committing_ = false;
  progress_.commit_failed();
  if (!codec_.halve()) warn("the brokers take no offset of " + setup_.topic.topic);
  commit();
}

void SourceMember::leave() {
  leaving_ = true;
  if (!down_since_) {
    const auto committed = [this] { return !committing_ && !progress_.has_commits(); };
    committed_at_ = {};  // at once
    turn_until(steady_clock::now() + kLastCommit, committed);
    consumer_->close();
    turn_until(steady_clock::now() + kLeave, [this] { return closed_; });
  }
  consumer_.reset();
}

}  // namespace pelton::kafka_connector
