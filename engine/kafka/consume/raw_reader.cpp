// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/raw_reader.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/client/token_refresh.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace pelton::kafka {
namespace {

using SteadyClock = std::chrono::steady_clock;

// So long is waited for the next record, which is known to be there or was there.
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kLookUp = std::chrono::seconds(3);
constexpr int kPollMs = 100;
constexpr int kDoubtMs = 10;
// So many partitions are fetched from at a time, each some megabytes ahead.
constexpr std::size_t kMostPartitions = 16;
// A partition's end that was told may be an earlier one; if it is, more comes within so long.
constexpr auto kDoubt = std::chrono::milliseconds(50);
// Passing over so many records is quicker than fetching from another offset.
constexpr Offset kSkip = 500;

std::optional<std::string> bytes_of(const void* bytes, std::size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(bytes), size);
}

bool is_missing(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

RawRecord raw(const rd_kafka_message_t& message) {
  RawRecord record;
  record.key = bytes_of(message.key, message.key_len);
  record.value = bytes_of(message.payload, message.len);
  record.time_ms = std::max<std::int64_t>(0, rd_kafka_message_timestamp(&message, nullptr));
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    record.headers.push_back({name, bytes_of(value, size)});
  return record;
}

}  // namespace

class RawReader::Impl {
 public:
  Impl(TopicOptions topic, const std::atomic<bool>& stopping)
      : setup_(std::move(topic)), stopping_(stopping) {}
  ~Impl();

  Status open();
  Result<std::vector<Extent>> extents();
  Status read(PartitionId partition, Offset from, Offset end,
              const std::function<bool(PlacedRecord&&)>& visit);
  void rest();

 private:
  enum class Then { go_on, doubt, end };
  struct Wanted {
    PartitionId partition;
    Offset from;
    Offset end;
    const std::function<bool(PlacedRecord&&)>& visit;
  };

  void serve();
  Status move_to(PartitionId partition, Offset from);
  void leave(PartitionId partition);
  Result<Then> take(const rd_kafka_message_t& message, const Wanted& wanted);

  const TopicOptions setup_;
  const std::atomic<bool>& stopping_;
  rd_kafka_t* client_ = nullptr;
  Queue queue_;  // everything but records
  TopicHandle topic_;
  // What is being fetched, and the next offset that it will give.
  std::map<PartitionId, Offset> positions_;
};

RawReader::Impl::~Impl() {
  rest();
  topic_.reset();
  queue_.reset();
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

Status RawReader::Impl::open() {
  if (client_ != nullptr) return {};
  auto conf = reader_conf(setup_.client, setup_.topic, Gone::skip);
  if (!conf) return std::unexpected(conf.error());
  // A fetch at the end of a partition waits at the broker, and behind it all else that this client
  // asks of the broker. Who is asked for nothing rests.
  rd_kafka_conf_set(conf->get(), "fetch.wait.max.ms", "2", nullptr, 0);
  ask_for_events(*conf->get(), 0);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  queue_.reset(rd_kafka_queue_get_main(client_));
  rd_kafka_set_log_queue(client_, queue_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.c_str(), nullptr));
  if (setup_.client.sasl && setup_.client.sasl->mechanism == "oauthbearer")
    return refresh_token(client_, setup_.client);
  return {};
}

void RawReader::Impl::serve() {
  // An error that matters comes back from the call that it broke.
  while (const Event event{rd_kafka_queue_poll(queue_.get(), 0)})
    (void)serve_event(client_, event.get(), setup_.client, "reading " + setup_.topic);
}

Result<std::vector<Extent>> RawReader::Impl::extents() {
  if (auto ok = open(); !ok) return std::unexpected(ok.error());
  serve();
  return look_up_extents(client_, setup_.topic, kLookUp);
}

void RawReader::Impl::leave(PartitionId partition) {
  if (positions_.erase(partition) > 0)
    rd_kafka_consume_stop(topic_.get(), static_cast<std::int32_t>(partition.value));
}

void RawReader::Impl::rest() {
  while (!positions_.empty()) leave(positions_.begin()->first);
}

Status RawReader::Impl::move_to(PartitionId partition, Offset from) {
  const auto at = positions_.find(partition);
  if (at != positions_.end() && from >= at->second && from - at->second <= kSkip) return {};
  leave(partition);
  if (positions_.size() >= kMostPartitions) rest();
  if (rd_kafka_consume_start(topic_.get(), static_cast<std::int32_t>(partition.value), from) != 0)
    return std::unexpected(to_error(rd_kafka_last_error(), "reading " + setup_.topic));
  positions_[partition] = from;
  return {};
}

Result<RawReader::Impl::Then> RawReader::Impl::take(const rd_kafka_message_t& message,
                                                    const Wanted& wanted) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return message.offset < wanted.end ? Then::doubt : Then::end;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    leave(wanted.partition);
    if (is_missing(message.err))
      return fail(ErrorKind::invalid, "E6109", "there is no topic {}, or not this partition of it",
                  setup_.topic);
    return std::unexpected(to_error(message.err, "reading " + setup_.topic));
  }
  if (message.offset >= wanted.end) {
    leave(wanted.partition);  // what was taken too much must come again
    return Then::end;
  }
  positions_[wanted.partition] = message.offset + 1;
  if (message.offset >= wanted.from &&
      !wanted.visit({wanted.partition, message.offset, raw(message)}))
    return Then::end;
  return message.offset + 1 < wanted.end ? Then::go_on : Then::end;
}

Status RawReader::Impl::read(PartitionId partition, Offset from, Offset end,
                             const std::function<bool(PlacedRecord&&)>& visit) {
  if (from >= end) return {};
  if (auto ok = open(); !ok) return ok;
  if (auto ok = move_to(partition, from); !ok) return ok;
  auto deadline = SteadyClock::now() + kPatience;
  std::optional<SteadyClock::time_point> doubted;
  bool anew = false;
  while (!stopping_) {
    serve();
    const auto now = SteadyClock::now();
    if (doubted && now >= *doubted + kDoubt && !anew) {
      // Asked anew, it tells where it ends.
      anew = true;
      const Offset position = positions_.at(partition);
      leave(partition);
      if (auto ok = move_to(partition, position); !ok) return ok;
    }
    const Message message(rd_kafka_consume(topic_.get(), static_cast<std::int32_t>(partition.value),
                                           doubted && !anew ? kDoubtMs : kPollMs));
    if (!message) {
      if (now < deadline) continue;
      leave(partition);
      return fail(ErrorKind::unavailable, "E6101", "reading {}: the brokers do not answer",
                  setup_.topic);
    }
    auto then = take(*message, {partition, from, end, visit});
    if (!then) return std::unexpected(then.error());
    if (*then == Then::end || (*then == Then::doubt && anew)) return {};
    if (*then == Then::doubt)
      doubted = now;
    else
      doubted.reset();
    deadline = SteadyClock::now() + kPatience;
  }
  return fail(ErrorKind::cancelled, "E6101", "the engine is stopping");
}

// ---- RawReader

RawReader::RawReader(TopicOptions topic, const std::atomic<bool>& stopping)
    : impl_(std::make_unique<Impl>(std::move(topic), stopping)) {}
RawReader::~RawReader() = default;

Result<std::vector<Extent>> RawReader::extents() {
  return impl_->extents();
}

Status RawReader::read(PartitionId partition, Offset from, Offset end,
                       const std::function<bool(PlacedRecord&&)>& visit) {
  return impl_->read(partition, from, end, visit);
}

void RawReader::rest() {
  impl_->rest();
}

}  // namespace pelton::kafka
