// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/topic_reader.h"

#include "engine/kafka/consume/partition_fetcher.h"
#include "engine/kafka/records/record_decoder.h"
#include "engine/model/batch_builder.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <utility>

namespace pelton::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookupTimeout{5'000};
// Between looks at the client's events and at cancel().
constexpr std::chrono::milliseconds kSlice{100};
constexpr std::chrono::milliseconds kSchemaSlice{10};
constexpr std::size_t kPageRecords = 8192;

std::chrono::milliseconds time_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return std::clamp(left, std::chrono::milliseconds(0), kSlice);
}

}  // namespace

class TopicReader::Impl {
 public:
  explicit Impl(const TopicOptions& topic)
      : fetcher_(topic, Gone::error, PartitionFetcher::Pace::patient),
        decoder_("kafka:" + topic.topic, schema_decoder(topic.schemas, registries_)) {}

  Status open();
  Status reach() { return with_trouble(reach_brokers(fetcher_.client(), patience())); }
  Result<std::uint32_t> partitions() {
    return with_trouble(partition_count(fetcher_.client(), fetcher_.topic(), patience()));
  }
  Result<std::vector<PartitionFacts>> look_up(const std::vector<PartitionId>& partitions,
                                              std::optional<WallTime> time) {
    return with_trouble(
        look_up_ends(fetcher_.client(), fetcher_.topic(), partitions, time, patience()));
  }
  Result<Page> read(PartitionId partition, Offset from, std::size_t max_bytes,
                    steady_clock::time_point deadline);
  void cancel() { cancelled_ = true; }

 private:
  Patience patience() const {
    return {kLookupTimeout, [this] { return cancelled_.load(); }};
  }
  // An answer that says no more than that there is none gets the client's own words.
  template <typename T>
  Result<T> with_trouble(Result<T> answer) {
    const std::string& trouble = fetcher_.serve();
    if (!answer && !trouble.empty()) answer.error().message += ": " + trouble;
    return answer;
  }
  // Nothing came. An error: nothing will in time.
  Status keep_waiting(PartitionId partition, steady_clock::time_point deadline);
  // False: the page ends here.
  Result<bool> take(PartitionId partition, const rd_kafka_message_t& message, Page& page);
  // Waits for the record's schema.
  Status decode(const rd_kafka_message_t& message, std::uint32_t delta);
  Error error_of(const rd_kafka_message_t& message) const;

  PartitionFetcher fetcher_;
  schema::Registries registries_;
  RecordDecoder decoder_;
  steady_clock::time_point deadline_;  // of the read
  model::BatchBuilder builder_;
  std::set<PartitionId> at_end_;  // nothing was behind the position
  std::atomic<bool> cancelled_{false};
};

Status TopicReader::Impl::open() {
  if (auto ok = fetcher_.open(); !ok) return ok;
  fetcher_.serve();
  return {};
}

Error TopicReader::Impl::error_of(const rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return {ErrorKind::corrupt, "E6104",
            fmt::format("the offset is not in partition {} of {} any more", message.partition,
                        fetcher_.topic())};
  return to_error(message.err,
                  fmt::format("reading partition {} of {}", message.partition, fetcher_.topic()));
}

Status TopicReader::Impl::decode(const rd_kafka_message_t& message, std::uint32_t delta) {
  while (!decoder_.add(message, delta, builder_)) {
    const Error& why = decoder_.schemas()->why();
    if (cancelled_) return fail(ErrorKind::cancelled, "", "the read was cancelled");
    if (!why.message.empty()) return std::unexpected(why);
    if (steady_clock::now() >= deadline_)
      return fail(ErrorKind::unavailable, "E6164", "the schema registry has not answered in time");
    std::this_thread::sleep_for(kSchemaSlice);
  }
  return {};
}

Result<bool> TopicReader::Impl::take(PartitionId partition, const rd_kafka_message_t& message,
                                     Page& page) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    at_end_.insert(partition);
    return false;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // It may recover by itself or not: the next read fetches from its place again.
    fetcher_.leave(partition);
    return std::unexpected(error_of(message));
  }
  if (builder_.empty()) page.base = message.offset;
  const auto delta = static_cast<std::uint32_t>(message.offset - page.base);
  if (auto ok = decode(message, delta); !ok) {
    // The next read fetches from here again.
    page.next = message.offset;
    fetcher_.leave(partition);
    return std::unexpected(ok.error());
  }
  at_end_.erase(partition);
  return true;
}

Status TopicReader::Impl::keep_waiting(PartitionId partition, steady_clock::time_point deadline) {
  if (cancelled_) return fail(ErrorKind::cancelled, "", "the read was cancelled");
  if (steady_clock::now() < deadline) return {};
  const std::string& trouble = fetcher_.serve();
  return fail(ErrorKind::unavailable, "E6101", "no answer about partition {} of {}{}{}",
              partition.value, fetcher_.topic(), trouble.empty() ? "" : ": ", trouble);
}

Result<TopicReader::Page> TopicReader::Impl::read(PartitionId partition, Offset from,
                                                  std::size_t max_bytes,
                                                  steady_clock::time_point deadline) {
  const bool goes_on = fetcher_.at(partition, from);
  if (!goes_on) at_end_.erase(partition);
  if (auto ok = fetcher_.move_to(partition, from); !ok) return std::unexpected(ok.error());
  Page page;
  page.next = from;
  deadline_ = deadline;
  while (builder_.size() < kPageRecords && builder_.payload_bytes() < max_bytes) {
    const bool wait = builder_.empty() && !at_end_.contains(partition);
    const Message message =
        fetcher_.next(partition, wait ? time_until(deadline) : std::chrono::milliseconds(0));
    if (!message && !wait) break;
    if (!message) {
      if (auto ok = keep_waiting(partition, deadline); !ok) return std::unexpected(ok.error());
      continue;
    }
    page.next = fetcher_.position(partition);
    auto more = take(partition, *message, page);
    // What came before it is good; the error comes again.
    if (!more && builder_.empty()) return std::unexpected(more.error());
    if (!more || !*more) break;
  }
  page.at_end = at_end_.contains(partition);
  if (!builder_.empty()) page.batch = builder_.finish();
  page.end = std::max(fetcher_.end(partition), page.next);
  return page;
}

// ---- TopicReader

TopicReader::TopicReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TopicReader::~TopicReader() = default;

Result<std::unique_ptr<TopicReader>> TopicReader::open(const TopicOptions& topic) {
  auto impl = std::make_unique<Impl>(topic);
  if (auto ok = impl->open(); !ok) return std::unexpected(ok.error());
  return std::unique_ptr<TopicReader>(new TopicReader(std::move(impl)));
}

Status TopicReader::reach() {
  return impl_->reach();
}
Result<std::uint32_t> TopicReader::partitions() {
  return impl_->partitions();
}
Result<std::vector<PartitionFacts>> TopicReader::look_up(const std::vector<PartitionId>& partitions,
                                                         std::optional<WallTime> time) {
  return impl_->look_up(partitions, time);
}
Result<TopicReader::Page> TopicReader::read(PartitionId partition, Offset from,
                                            std::size_t max_bytes,
                                            steady_clock::time_point deadline) {
  return impl_->read(partition, from, max_bytes, deadline);
}
void TopicReader::cancel() {
  impl_->cancel();
}

}  // namespace pelton::kafka
