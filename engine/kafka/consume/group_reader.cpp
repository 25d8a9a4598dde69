// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/group_reader.h"

#include "engine/base/ensure.h"
#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/consume/group_reader_impl.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReachTimeout{5'000};
// The client has its own way back to brokers that are away for less.
constexpr std::chrono::seconds kDownPatience{2};
constexpr std::chrono::milliseconds kDownCheck{1'000};
constexpr std::chrono::seconds kAskEndsEvery{1};
constexpr std::size_t kMaxWarnings = 16;  // kept between two calls of take_warnings()

int milliseconds_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::max(left.count(), std::chrono::milliseconds::rep{0}));
}

// That all of them are is not always said, so that each one is a reason to ask.
bool brokers_may_be_gone(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__RESOLVE;
}

}  // namespace

GroupReader::Impl::Impl(Setup setup)
    : setup_(std::move(setup)), reader_("kafka:" + setup_.topic.topic) {}

Status GroupReader::Impl::open() {
  auto conf = consumer_conf(setup_.topic.client, setup_.group);
  if (!conf) return std::unexpected(conf.error());
  ask_for_events(*conf->get(), RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  rd_kafka_poll_set_consumer(client_);
  queue_.reset(rd_kafka_queue_get_consumer(client_));
  rd_kafka_set_log_queue(client_, queue_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.topic.c_str(), nullptr));
  model::BatchBuilder none;
  // A token is asked for here, before any broker is.
  while (const Event event{rd_kafka_queue_poll(queue_.get(), 0)}) on_event(event.get(), none);
  auto partitions = partition_count(client_, setup_.topic.topic, kReachTimeout);
  if (!partitions) {
    while (const Event event{rd_kafka_queue_poll(queue_.get(), 0)}) on_event(event.get(), none);
    down_since_ = steady_clock::now();
    return std::unexpected(partitions.error());
  }
  Partitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), setup_.topic.topic.c_str(),
                                    RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client_, topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::unexpected(to_error(error, "subscribing to " + setup_.topic.topic));
  return {};
}

void GroupReader::Impl::warn(std::string sentence) {
  if (sentence == last_warning_ || warnings_.size() >= kMaxWarnings) return;
  last_warning_ = sentence;
  warnings_.push_back(std::move(sentence));
}

Result<GroupReader::Token> GroupReader::Impl::read(model::BatchBuilder& into,
                                                   std::size_t max_events, std::size_t max_bytes,
                                                   SteadyTime deadline) {
  now_.clear();
  if (!error_) fill(into, max_events, max_bytes, deadline);
  if (into.empty()) {
    check_brokers();
    // It may come anew.
    if (error_) return std::unexpected(*std::exchange(error_, std::nullopt));
    return next_token_++;
  }
  for (const Chunk& chunk : now_) ++parts_.at(chunk.partition).open;
  given_.push_back({next_token_, now_});
  return next_token_++;
}

// Until when the queue may be waited for.
GroupReader::Impl::SteadyTime GroupReader::Impl::next_duty(SteadyTime deadline) const {
  const bool unsent = std::ranges::any_of(
      parts_, [](const auto& entry) { return entry.second.settled != entry.second.sent; });
  if (unsent && !committing_)
    deadline = std::min(deadline, committed_at_ + setup_.group.commit_interval);
  if (!revoking_.empty()) deadline = std::min(deadline, revoke_until_);
  return deadline;
}

void GroupReader::Impl::fill(model::BatchBuilder& into, std::size_t max_events,
                             std::size_t max_bytes, SteadyTime deadline) {
  commit_if_due();
  release_if_settled();
  while (!error_ && into.size() < max_events && into.payload_bytes() < max_bytes) {
    // Singly: the batch call of this library version loses offsets around a rebalance.
    const Event event(rd_kafka_queue_poll(
        queue_.get(), into.empty() ? milliseconds_until(next_duty(deadline)) : 0));
    if (event) {
      on_event(event.get(), into);
      continue;
    }
    if (!into.empty()) break;
    commit_if_due();
    release_if_settled();
    if (steady_clock::now() >= deadline) break;
  }
  if (steady_clock::now() < ends_at_ + kAskEndsEvery) return;
  ends_at_ = steady_clock::now();
  for (auto& [partition, part] : parts_) {
    std::int64_t low = 0, high = -1;
    rd_kafka_get_watermark_offsets(client_, setup_.topic.topic.c_str(),
                                   static_cast<std::int32_t>(partition.value), &low, &high);
    part.end = std::max<Offset>(part.end, high);
  }
}

void GroupReader::Impl::on_event(rd_kafka_event_t* event, model::BatchBuilder& into) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event))
        take(*message, into);
      return;
    case RD_KAFKA_EVENT_REBALANCE:
      return on_rebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return on_commit(event);
    case RD_KAFKA_EVENT_ERROR:
      return on_error(event);
    default:
      if (auto error =
              serve_event(client_, event, setup_.topic.client, "reading " + setup_.topic.topic))
        warn(error->text());
  }
}

void GroupReader::Impl::take(const rd_kafka_message_t& message, model::BatchBuilder& into) {
  const PartitionId partition{static_cast<std::uint32_t>(message.partition)};
  const auto at = parts_.find(partition);
  const bool leaves = std::ranges::find(revoking_, partition) != revoking_.end();
  if (at == parts_.end() || leaves || message.offset < at->second.next) return;
  Part& part = at->second;
  reader_.add(message, into);
  part.next = message.offset + 1;
  part.end = std::max(part.end, part.next);
  down_since_.reset();
  note({partition, part.stay, part.next});
}

// Records come in runs of a partition.
void GroupReader::Impl::note(Chunk chunk) {
  if (now_.empty() || now_.back().partition != chunk.partition) {
    const auto known = std::ranges::find(now_, chunk.partition, &Chunk::partition);
    if (known == now_.end())
      now_.push_back(chunk);
    else
      std::swap(*known, now_.back());
  }
  now_.back().next = chunk.next;
}

void GroupReader::Impl::on_error(rd_kafka_event_t* event) {
  const auto code = rd_kafka_event_error(event);
  if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    rd_kafka_topic_partition_t* place = rd_kafka_event_topic_partition(event);
    if (place == nullptr) return;
    const PartitionId partition{static_cast<std::uint32_t>(place->partition)};
    rd_kafka_topic_partition_destroy(place);
    return on_out_of_range(partition);
  }
  if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;  // an end is no error
  if (brokers_may_be_gone(code) && !down_since_) down_since_ = steady_clock::now();
  auto error = serve_event(client_, event, setup_.topic.client, "reading " + setup_.topic.topic);
  if (error && error->kind == ErrorKind::corrupt)
    error_ = std::move(error);
  else if (error)
    warn(error->text());
}

// The client says that brokers are gone, never that one is back.
void GroupReader::Impl::check_brokers() {
  if (error_ || !down_since_ || steady_clock::now() < *down_since_ + kDownPatience) return;
  auto answer = partition_count(client_, setup_.topic.topic, kDownCheck);
  if (answer)
    down_since_.reset();
  else
    error_ = answer.error();
}

void GroupReader::Impl::settle(Token token, bool done) {
  ENSURE(!given_.empty() && given_.front().token == token, "reads are settled in order");
  const Given given = std::move(given_.front());
  given_.pop_front();
  for (const Chunk& chunk : given.chunks) {
    const auto at = parts_.find(chunk.partition);
    if (at == parts_.end() || at->second.stay != chunk.stay) continue;
    --at->second.open;
    if (done)
      at->second.settled = chunk.next;
    else
      rewind(chunk.partition, at->second);
  }
}

// What was given out of the partition since then is of an older stay.
void GroupReader::Impl::rewind(PartitionId partition, Part& part) {
  part.stay = ++stays_;
  part.open = 0;
  part.next = part.settled;
  const auto error = rd_kafka_seek(topic_.get(), static_cast<std::int32_t>(partition.value),
                                   part.settled, static_cast<int>(kReachTimeout.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    error_ = to_error(error, "reading again in " + setup_.topic.topic);
}

std::uint64_t GroupReader::Impl::lag() const {
  std::uint64_t lag = 0;
  for (const auto& [partition, part] : parts_)
    lag += static_cast<std::uint64_t>(std::max<Offset>(0, part.end - part.settled));
  return lag;
}

// ---- GroupReader

GroupReader::GroupReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GroupReader::~GroupReader() = default;

Result<std::unique_ptr<GroupReader>> GroupReader::open(Setup setup) {
  auto impl = std::make_unique<Impl>(std::move(setup));
  if (auto ok = impl->open(); !ok) {
    Error error = ok.error();
    for (const std::string& warning : impl->take_warnings()) error.message += "; " + warning;
    return std::unexpected(std::move(error));
  }
  return std::unique_ptr<GroupReader>(new GroupReader(std::move(impl)));
}

Result<GroupReader::Token> GroupReader::read(model::BatchBuilder& into, std::size_t max_events,
                                             std::size_t max_bytes,
                                             steady_clock::time_point deadline) {
  return impl_->read(into, max_events, max_bytes, deadline);
}
void GroupReader::settle(Token token, bool done) {
  impl_->settle(token, done);
}
void GroupReader::close() {
  impl_->close();
}
std::uint64_t GroupReader::lag() const {
  return impl_->lag();
}
std::vector<std::string> GroupReader::take_warnings() {
  return impl_->take_warnings();
}

}  // namespace pelton::kafka
