// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/consumer.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/token_refresh.h"
#include "engine/kafka/consume/consumer_impl.h"

#include <algorithm>
#include <utility>

namespace pelton::kafka {
namespace {

// One batch: enough to make the work per batch small, little enough to be passed on soon.
constexpr std::uint32_t kBatchRecords = 8192;
constexpr std::size_t kBatchBytes = 1U << 20;
// Of one partition, fetched and not yet in its window.
constexpr std::size_t kAheadBytes = 4U << 20;
constexpr int kEventsAtOnce = 64;
constexpr auto kEndsInterval = std::chrono::seconds(1);
// How often the brokers are asked for the ends of partitions that are not read at the moment.
constexpr auto kAskInterval = std::chrono::seconds(2);
constexpr std::chrono::milliseconds kAskTimeout{2'000};

}  // namespace

Consumer::Impl::Impl(Setup setup, PollLoop& loop, ConsumerListener& listener)
    : setup_(std::move(setup)),
      loop_(loop),
      listener_(listener),
      lookup_(setup_, loop, listener),
      reader_("kafka:" + setup_.topic) {}

void Consumer::Impl::forget() {
  lookup_.close();
}

Consumer::Impl::~Impl() {
  parts_.clear();
  queue_.reset();
  topic_.reset();
  // Left the group before, or is to be forgotten by it: closing here could wait for a broker that
  // is away.
  if (client_ != nullptr) rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Status Consumer::Impl::open() {
  auto conf = consumer_conf(setup_.client, setup_.group, setup_.read_ahead);
  if (!conf) return std::unexpected(conf.error());
  ask_for_events(*conf->get(),
                 RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_STATS);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  lookup_.open(client_, weak_from_this(),
               [this](GroupFacts&& group) { on_answers(std::move(group)); });
  rd_kafka_poll_set_consumer(client_);
  queue_.reset(rd_kafka_queue_get_consumer(client_));
  rd_kafka_set_log_queue(client_, queue_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.c_str(), nullptr));
  const std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), loop_.wake_handle(), &one, sizeof one);
  return {};
}

void Consumer::Impl::subscribe() {
  loop_.add(this, [this] { return serve(); });
  Partitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), setup_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(client_, topics.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    listener_.trouble(to_error(error, "subscribing to " + setup_.topic));
}

bool Consumer::Impl::serve() {
  if (closed_) return false;
  bool more = serve_events();
  for (auto& [partition, part] : parts_) more |= fetch(partition, part);
  tell_ends();
  if (closing_ && rd_kafka_consumer_closed(client_)) {
    closed_ = true;
    listener_.closed();
  }
  return more;
}

bool Consumer::Impl::serve_events() {
  for (int i = 0; i < kEventsAtOnce; ++i) {
    const Event event(rd_kafka_queue_poll(queue_.get(), 0));
    if (!event) return false;
    on_event(event.get());
  }
  return true;
}

void Consumer::Impl::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE:
      return on_rebalance(event);
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      return on_commit(event);
    case RD_KAFKA_EVENT_STATS:
      return on_statistics(event);
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
      return refresh_token();
    default:
      if (auto error = serve_event(client_, event, setup_.client, "reading " + setup_.topic))
        listener_.trouble(*error);
  }
}

void Consumer::Impl::refresh_token() {
  // Told once a request; the file is read every second until it holds one that is good.
  auto ok = kafka::refresh_token(client_, setup_.client, !token_missing_);
  token_missing_ = !ok;
  if (!ok) listener_.trouble(ok.error());
}

std::size_t Consumer::Impl::most_ahead() const {
  return std::min(kAheadBytes, setup_.read_ahead);
}

bool Consumer::Impl::fetch(PartitionId partition, Part& part) {
  if (part.idle || part.broken || part.ahead >= most_ahead()) return false;
  Offset base = 0, end = 0;
  bool more = true;
  while (builder_.size() < kBatchRecords && builder_.payload_bytes() < kBatchBytes) {
    // Singly: the batch call of this library version loses offsets around a rebalance.
    const Message message(rd_kafka_consume_queue(part.queue.get(), 0));
    if (!message) {
      more = false;
      break;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      end = message->offset;
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      on_message_error(partition, part, *message);
      continue;
    }
    if (message->offset < part.next) continue;  // fetched before a restart
    part.next = message->offset + 1;
    if (builder_.empty()) base = message->offset;
    reader_.add(*message, static_cast<std::uint32_t>(message->offset - base), builder_);
  }
  if (!builder_.empty()) hand_over(partition, part, base);
  if (end > part.next) listener_.passed(partition, part.tenure, part.next, end);
  return more && !part.broken;
}

void Consumer::Impl::hand_over(PartitionId partition, Part& part, Offset base) {
  std::int64_t low = 0, high = -1;
  rd_kafka_get_watermark_offsets(client_, setup_.topic.c_str(),
                                 static_cast<std::int32_t>(partition.value), &low, &high);
  auto batch = builder_.finish();
  part.ahead += batch->bytes().size();
  part.end = std::max(part.end, std::max(high, base + batch->span()));
  listener_.fetched(partition, part.tenure, base, std::move(batch), part.end);
}

void Consumer::Impl::on_message_error(PartitionId partition, Part& part,
                                      const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
    part.ended = true;
    return read_again(partition);
  }
  Error error = to_error(message.err,
                         fmt::format("reading partition {} of {}", partition.value, setup_.topic));
  if (const char* detail = rd_kafka_message_errstr(&message))
    error.message += fmt::format(": {}", detail);
  listener_.trouble(error);
}

void Consumer::Impl::tell_ends() {
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - ends_told_ < kEndsInterval) return;
  ends_told_ = now;
  if (token_missing_) refresh_token();
  for (auto& [partition, part] : parts_) {
    std::int64_t low = 0, high = -1;
    rd_kafka_get_watermark_offsets(client_, setup_.topic.c_str(),
                                   static_cast<std::int32_t>(partition.value), &low, &high);
    tell_end(partition, high);
  }
  if (now - ends_asked_ < kAskInterval) return;
  ends_asked_ = now;
  ask_ends();
}

void Consumer::Impl::tell_end(PartitionId partition, Offset end) {
  const auto part = parts_.find(partition);
  if (part == parts_.end() || end <= part->second.end) return;
  part->second.end = end;
  listener_.end_moved(partition, end);
}

// The client learns of an end only with what it fetches, which stops when nobody takes it.
void Consumer::Impl::ask_ends() {
  std::vector<PartitionId> resting;
  for (const auto& [partition, part] : parts_)
    if (part.idle || part.ahead >= most_ahead()) resting.push_back(partition);
  if (resting.empty()) return;
  lookup_.in_background([this, resting = std::move(resting), self = weak_from_this()] {
    auto answers = ask_leaders(client_, setup_.topic, resting, std::nullopt, kAskTimeout);
    loop_.post([self, facts = std::move(answers.facts)] {
      const auto impl = self.lock();
      for (std::size_t i = 0; impl && i < facts.size(); ++i)
        impl->tell_end(facts[i].partition, facts[i].end);
    });
  });
}

void Consumer::Impl::taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes) {
  const auto part = parts_.find(partition);
  if (part != parts_.end() && part->second.tenure == tenure) part->second.ahead -= bytes;
}

void Consumer::Impl::close() {
  if (std::exchange(closing_, true)) return;
  lookup_.next_round();
  const KafkaError error(rd_kafka_consumer_close_queue(client_, queue_.get()));
  if (!error) return;
  closed_ = true;
  listener_.closed();
}

// ---- Consumer: every call goes to the loop

Consumer::Consumer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() {
  impl_->forget();
}

Result<std::unique_ptr<Consumer>> Consumer::create(Setup setup, PollLoop& loop,
                                                   ConsumerListener& listener) {
  auto impl = std::make_shared<Impl>(std::move(setup), loop, listener);
  if (auto ok = impl->open(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

void Consumer::subscribe() {
  impl_->loop().post([impl = impl_] { impl->subscribe(); });
}
void Consumer::begin(std::uint64_t round, std::vector<ReadFrom> starts) {
  impl_->loop().post(
      [impl = impl_, round, starts = std::move(starts)] { impl->begin(round, starts); });
}
void Consumer::seek(ReadFrom start) {
  impl_->loop().post([impl = impl_, start] { impl->seek(start); });
}
void Consumer::read_again(PartitionId partition) {
  impl_->loop().post([impl = impl_, partition] { impl->read_again(partition); });
}
void Consumer::taken(PartitionId partition, std::uint64_t tenure, std::size_t bytes) {
  impl_->loop().post(
      [impl = impl_, partition, tenure, bytes] { impl->taken(partition, tenure, bytes); });
}
void Consumer::commit(std::uint64_t id, std::vector<OffsetCommit> positions) {
  impl_->loop().post([impl = impl_, id, positions = std::move(positions)]() mutable {
    impl->commit(id, std::move(positions));
  });
}
void Consumer::membership(std::vector<Tenure> tenures,
                          std::move_only_function<void(Result<GroupMetadata>)> answer) {
  impl_->loop().post([impl = impl_, tenures = std::move(tenures),
                      answer = std::move(answer)]() mutable { answer(impl->membership(tenures)); });
}
void Consumer::release(std::vector<PartitionId> partitions) {
  impl_->loop().post(
      [impl = impl_, partitions = std::move(partitions)] { impl->release(partitions); });
}
void Consumer::ask(std::vector<PartitionId> partitions, std::optional<WallTime> time,
                   std::function<void(GroupFacts)> answer) {
  impl_->loop().post([impl = impl_, partitions = std::move(partitions), time,
                      answer = std::move(answer)]() mutable {
    impl->lookup().ask(std::move(partitions), time, std::move(answer));
  });
}
void Consumer::ask_committed(std::vector<PartitionId> partitions,
                             std::function<void(Result<std::vector<OffsetCommit>>)> answer) {
  impl_->loop().post(
      [impl = impl_, partitions = std::move(partitions), answer = std::move(answer)]() mutable {
        impl->lookup().ask_committed(std::move(partitions), std::move(answer));
      });
}
void Consumer::close() {
  impl_->loop().post([impl = impl_] { impl->close(); });
}

}  // namespace pelton::kafka
