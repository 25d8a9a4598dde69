// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/raw_reader.h"

#include "engine/kafka/client_config.h"
#include "engine/kafka/client_events.h"
#include "engine/kafka/handles.h"
#include "engine/kafka/token_refresh.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace pelton::kafka {
namespace {

using SteadyClock = std::chrono::steady_clock;

// So long is waited for the next record, which is known to be there or was there.
constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kLookUp = std::chrono::seconds(3);
constexpr int kPollMs = 100;
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
  Impl(config::KafkaTopic topic, const std::atomic<bool>& stopping)
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
    Offset from;
    Offset end;
    const std::function<bool(PlacedRecord&&)>& visit;
  };

  void serve();
  Status move_to(PartitionId partition, Offset from);
  Result<Then> take(const rd_kafka_message_t& message, const Wanted& wanted);

  const config::KafkaTopic setup_;
  const std::atomic<bool>& stopping_;
  rd_kafka_t* client_ = nullptr;
  Queue queue_;  // everything but records
  TopicHandle topic_;
  std::optional<PartitionId> at_;  // being fetched
  Offset position_ = 0;            // in it: the next offset that it will give
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

void RawReader::Impl::rest() {
  if (at_) rd_kafka_consume_stop(topic_.get(), static_cast<std::int32_t>(at_->value));
  at_.reset();
}

Status RawReader::Impl::move_to(PartitionId partition, Offset from) {
  if (at_ == partition && from >= position_ && from - position_ <= kSkip) return {};
  rest();
  if (rd_kafka_consume_start(topic_.get(), static_cast<std::int32_t>(partition.value), from) != 0)
    return std::unexpected(to_error(rd_kafka_last_error(), "reading " + setup_.topic));
  at_ = partition;
  position_ = from;
  return {};
}

Result<RawReader::Impl::Then> RawReader::Impl::take(const rd_kafka_message_t& message,
                                                    const Wanted& wanted) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return message.offset < wanted.end ? Then::doubt : Then::end;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rest();
    if (is_missing(message.err))
      return fail(ErrorKind::invalid, "E6109", "there is no topic {}, or not this partition of it",
                  setup_.topic);
    return std::unexpected(to_error(message.err, "reading " + setup_.topic));
  }
  if (message.offset >= wanted.end) {
    position_ = wanted.end;
    rest();  // what was taken too much must come again
    return Then::end;
  }
  position_ = message.offset + 1;
  if (message.offset >= wanted.from && !wanted.visit({*at_, message.offset, raw(message)}))
    return Then::end;
  return position_ < wanted.end ? Then::go_on : Then::end;
}

Status RawReader::Impl::read(PartitionId partition, Offset from, Offset end,
                             const std::function<bool(PlacedRecord&&)>& visit) {
  if (from >= end) return {};
  if (auto ok = open(); !ok) return ok;
  if (auto ok = move_to(partition, from); !ok) return ok;
  auto deadline = SteadyClock::now() + kPatience;
  bool doubted = false;
  while (!stopping_) {
    serve();
    const Message message(
        rd_kafka_consume(topic_.get(), static_cast<std::int32_t>(partition.value), kPollMs));
    if (!message) {
      if (SteadyClock::now() < deadline) continue;
      rest();
      return fail(ErrorKind::unavailable, "E6101", "reading {}: the brokers do not answer",
                  setup_.topic);
    }
    auto then = take(*message, {from, end, visit});
    if (!then) return std::unexpected(then.error());
    if (*then == Then::end || (*then == Then::doubt && doubted)) return {};
    // The end that an earlier call came to, or the partition's: asked anew, it tells.
    if (*then == Then::doubt) {
      doubted = true;
      rest();
      if (auto ok = move_to(partition, position_); !ok) return ok;
    }
    deadline = SteadyClock::now() + kPatience;
  }
  return fail(ErrorKind::cancelled, "E6101", "the engine is stopping");
}

// ---- RawReader

RawReader::RawReader(config::KafkaTopic topic, const std::atomic<bool>& stopping)
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
