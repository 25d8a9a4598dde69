// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_input.h"

#include "engine/observe/log.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

Offset end_of(const model::PlacedBatch& placed) {
  return placed.base + placed.batch->span();
}

GroupProgress::Options rules(const TopicInput::Setup& setup, const kafka::MetadataCodec& codec) {
  return {setup.node, setup.max_unsettled,
          [&codec](const kafka::CommitMetadata& metadata, Offset offset) {
            return codec.encode({}, offset, metadata).ranges;
          }};
}

}  // namespace

TopicInput::TopicInput(Setup setup, store::Store& store, thread::Mailbox& mailbox,
                       boost::asio::io_context& io, kafka::PollLoop& loop)
    : setup_(std::move(setup)),
      lane_(store, mailbox),
      mailbox_(mailbox),
      loop_(loop),
      codec_(setup_.topic.topic),
      progress_(rules(setup_, codec_)),
      starts_({setup_.binding, setup_.binding_name, setup_.stream, setup_.start,
               setup_.group.out_of_range},
              lane_, codec_, progress_),
      handover_{{}, {}, thread::Timer(io)},
      ticker_(io),
      trouble_(setup_.binding_name) {}

Status TopicInput::open(Listener& listener) {
  listener_ = &listener;
  kafka::Consumer::Setup setup{setup_.topic.client, setup_.group, setup_.topic.topic, std::nullopt};
  if (setup_.start.kind == config::Start::Kind::time) setup.start_time = setup_.start.time;
  auto consumer = kafka::Consumer::create(std::move(setup), loop_, *this);
  if (!consumer) return std::unexpected(consumer.error());
  consumer_ = std::move(*consumer);
  return {};
}

void TopicInput::start() {
  consumer_->subscribe();
  tick();
}

std::vector<PartitionId> TopicInput::partitions() const {
  return progress_.partitions();
}

std::optional<model::PlacedBatch> TopicInput::next(PartitionId partition, Offset from) {
  const auto found = fetched_.find(partition);
  if (found == fetched_.end()) return std::nullopt;
  auto& ahead = found->second.ahead;
  std::size_t taken = 0;
  while (!ahead.empty() && end_of(ahead.front()) <= from) {
    taken += ahead.front().batch->bytes().size();
    ahead.pop_front();
  }
  if (taken > 0) consumer_->taken(partition, tenure(partition), taken);
  if (ahead.empty()) return std::nullopt;
  return ahead.front();
}

void TopicInput::fetched(PartitionId partition, Tenure tenure, Offset base, model::BatchPtr batch,
                         Offset end) {
  mailbox_.post([this, partition, tenure, base, batch = std::move(batch), end] {
    if (progress_.tenure(partition) != tenure) return;
    trouble_.over();
    Fetched& fetched = fetched_.at(partition);
    fetched.ahead.push_back({at(partition), base, batch});
    fetched.end = std::max(fetched.end, end);
    listener_->readable(partition);
    listener_->wake();
  });
}

void TopicInput::end_moved(PartitionId partition, Offset end) {
  mailbox_.post([this, partition, end] {
    const auto found = fetched_.find(partition);
    if (found != fetched_.end()) found->second.end = std::max(found->second.end, end);
  });
}

void TopicInput::passed(PartitionId partition, Tenure tenure, Offset from, Offset to) {
  mailbox_.post([this, partition, tenure, from, to] {
    if (progress_.tenure(partition) != tenure) return;
    fetched_.at(partition).gap = {from, to};
    progress_.skip(partition, tenure, {from, to});
  });
}

Offset TopicInput::end(PartitionId partition) const {
  const auto found = fetched_.find(partition);
  if (found == fetched_.end()) return 0;
  // The end of the records: what follows them is nothing to wait for.
  const OffsetRange& gap = found->second.gap;
  return found->second.end <= gap.end ? gap.begin : found->second.end;
}

std::optional<WallTime> TopicInput::time_at(PartitionId partition, Offset offset) {
  const auto found = fetched_.find(partition);
  if (found == fetched_.end()) return std::nullopt;
  for (const model::PlacedBatch& placed : found->second.ahead)
    if (end_of(placed) > offset) return from_us(placed.batch->time_us(0));
  return std::nullopt;
}

void TopicInput::trouble(const Error& error) {
  mailbox_.post([this, error] {
    if (error.kind != ErrorKind::corrupt) return trouble_.say(error);
    // Another member has this one's place, and its partitions.
    trouble_.end(error);
    round_ = 0;
    let_go(partitions());
  });
}

void TopicInput::waiting(std::optional<Error> why) {
  mailbox_.post([this, why = std::move(why)] { trouble_.waiting(why); });
}

void TopicInput::bounds(std::optional<WallTime> time,
                        std::function<void(Result<std::vector<Bounds>>)> answer) {
  consumer_->ask(partitions(), time, [this, answer = std::move(answer)](kafka::GroupFacts group) {
    mailbox_.post([answer, group = std::move(group)] {
      if (group.error) return answer(std::unexpected(*group.error));
      std::vector<Bounds> all;
      for (const kafka::PartitionFacts& fact : group.facts)
        all.push_back({fact.partition, fact.earliest, fact.end, fact.at_time});
      answer(std::move(all));
    });
  });
}

void TopicInput::seek(PartitionId partition, Offset offset, Done done) {
  behind_letters([this, partition, offset, done = std::move(done)] {
    lane_.move(setup_.binding, at(partition), offset,
               [this, partition, offset, done](Status status) {
                 if (!status) return done(status);
                 moved(partition, offset, done);
               });
  });
}

void TopicInput::moved(PartitionId partition, Offset offset, const Done& done) {
  if (tenure(partition) == 0)
    return done(fail(ErrorKind::unavailable, "E5022",
                     "partition {} went to another engine meanwhile", partition.value));
  // Answered like a settled event: once the brokers have it.
  unanswered_[progress_.move(partition, offset)] = done;
  Fetched& fetched = fetched_.at(partition);
  fetched.ahead.clear();
  if (offset > fetched.gap.begin) fetched.gap = {};
  consumer_->seek({partition, tenure(partition), offset});
  listener_->assigned(partition, {{offset, {}}, {}, lane_.store().incarnation(setup_.stream)});
  commit();
}

Trouble TopicInput::trouble() const {
  const bool of_letters = trouble_.text().empty() && letters_;
  return {of_letters ? letters_->trouble() : trouble_.text(), trouble_.ended()};
}

void TopicInput::stop(std::chrono::steady_clock::time_point deadline, std::function<void()> done) {
  stopped_ = std::move(done);
  const auto left =
      std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
  handover_.limit.after(std::max<Duration>(left, std::chrono::seconds(2)), [this] { closed(); });
  last_commit_ = true;
  commit();
  if (!committing()) consumer_->close();
}

void TopicInput::closed() {
  mailbox_.post([this] {
    ticker_.cancel();
    handover_.limit.cancel();
    if (auto done = std::exchange(stopped_, nullptr)) done();
  });
}

}  // namespace pelton::stream
