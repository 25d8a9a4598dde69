// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/raw_reader.h"

#include "engine/kafka/consume/partition_fetcher.h"

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
constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::milliseconds kDoubtPoll{10};
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
      : fetcher_(std::move(topic), Gone::skip, PartitionFetcher::Pace::eager),
        stopping_(stopping) {}

  Result<std::vector<Extent>> extents();
  Status read(PartitionId partition, Offset from, Offset end,
              const std::function<bool(PlacedRecord&&)>& visit);
  void rest() { fetcher_.leave_all(); }

 private:
  enum class Then { more, doubt, end };
  struct Wanted {
    PartitionId partition;
    Offset from;
    Offset end;
    const std::function<bool(PlacedRecord&&)>& visit;
  };

  Status move_to(PartitionId partition, Offset from);
  Result<Then> take(const rd_kafka_message_t& message, const Wanted& wanted);
  Status read_all(const Wanted& wanted);
  Error silent() const;

  PartitionFetcher fetcher_;
  const std::atomic<bool>& stopping_;
};

Result<std::vector<Extent>> RawReader::Impl::extents() {
  if (auto ok = fetcher_.open(); !ok) return std::unexpected(ok.error());
  // An error that matters comes back from the call that it broke.
  fetcher_.serve();
  return look_up_extents(fetcher_.client(), fetcher_.topic(),
                         {kLookUp, [this] { return stopping_.load(); }});
}

Status RawReader::Impl::move_to(PartitionId partition, Offset from) {
  if (fetcher_.fetched() >= kMostPartitions) fetcher_.leave_all();
  return fetcher_.move_to(partition, from, kSkip);
}

Result<RawReader::Impl::Then> RawReader::Impl::take(const rd_kafka_message_t& message,
                                                    const Wanted& wanted) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return message.offset < wanted.end ? Then::doubt : Then::end;
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fetcher_.leave(wanted.partition);
    if (is_missing(message.err))
      return fail(ErrorKind::invalid, "E6109", "there is no topic {}, or not this partition of it",
                  fetcher_.topic());
    return std::unexpected(to_error(message.err, "reading " + fetcher_.topic()));
  }
  if (message.offset >= wanted.end) {
    fetcher_.leave(wanted.partition);  // what was taken too much must come again
    return Then::end;
  }
  if (message.offset >= wanted.from &&
      !wanted.visit({wanted.partition, message.offset, raw(message)}))
    return Then::end;
  return message.offset + 1 < wanted.end ? Then::more : Then::end;
}

Status RawReader::Impl::read(PartitionId partition, Offset from, Offset end,
                             const std::function<bool(PlacedRecord&&)>& visit) {
  if (from >= end) return {};
  if (auto ok = fetcher_.open(); !ok) return ok;
  if (auto ok = move_to(partition, from); !ok) return ok;
  return read_all({partition, from, end, visit});
}

Status RawReader::Impl::read_all(const Wanted& wanted) {
  auto deadline = SteadyClock::now() + kPatience;
  std::optional<SteadyClock::time_point> doubted;
  bool asked_again = false;
  while (!stopping_) {
    const auto now = SteadyClock::now();
    if (doubted && now >= *doubted + kDoubt && !asked_again) {
      // Fetched from the same place once more, it tells where it ends.
      asked_again = true;
      const Offset position = fetcher_.position(wanted.partition);
      fetcher_.leave(wanted.partition);
      if (auto ok = move_to(wanted.partition, position); !ok) return ok;
    }
    const Message message =
        fetcher_.next(wanted.partition, doubted && !asked_again ? kDoubtPoll : kPoll);
    if (!message) {
      if (now < deadline) continue;
      fetcher_.leave(wanted.partition);
      return std::unexpected(silent());
    }
    auto then = take(*message, wanted);
    if (!then) return std::unexpected(then.error());
    if (*then == Then::end || (*then == Then::doubt && asked_again)) return {};
    doubted = *then == Then::doubt ? std::optional(now) : std::nullopt;
    deadline = SteadyClock::now() + kPatience;
  }
  return fail(ErrorKind::cancelled, "E6101", "the engine is stopping");
}

Error RawReader::Impl::silent() const {
  return {ErrorKind::unavailable, "E6101",
          fmt::format("reading {}: the brokers do not answer", fetcher_.topic())};
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
