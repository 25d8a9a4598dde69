// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/consume/topic_reader.h"

#include "engine/kafka/client/client_config.h"
#include "engine/kafka/client/client_events.h"
#include "engine/kafka/client/handles.h"
#include "engine/kafka/records/record_decoder.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

namespace pelton::kafka {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookupTimeout{5'000};
// Between looks at the client's events and at cancel().
constexpr std::chrono::milliseconds kSlice{100};
constexpr std::size_t kPageRecords = 8192;

int milliseconds_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), kSlice).count());
}

}  // namespace

class TopicReader::Impl {
 public:
  explicit Impl(const TopicOptions& topic) : setup_(topic), reader_("kafka:" + topic.topic) {}
  ~Impl();

  Status open();
  Status reach() { return with_trouble(reach_brokers(client_, kLookupTimeout)); }
  Result<std::uint32_t> partitions() {
    return with_trouble(partition_count(client_, setup_.topic, kLookupTimeout));
  }
  Result<std::vector<PartitionFacts>> look_up(const std::vector<PartitionId>& partitions,
                                              std::optional<WallTime> time) {
    return with_trouble(look_up_ends(client_, setup_.topic, partitions, time, kLookupTimeout));
  }
  Result<Page> read(PartitionId partition, Offset from, std::size_t max_bytes,
                    steady_clock::time_point deadline);
  void cancel() { cancelled_ = true; }

 private:
  // A partition that is being fetched.
  struct Part {
    Queue queue;
    Offset next = 0;      // of the next record that comes out of the queue, or later
    bool at_end = false;  // the client has said that nothing is behind `next`
  };

  void serve();
  // An answer that says no more than that there is none gets the client's own words.
  template <typename T>
  Result<T> with_trouble(Result<T> answer) {
    serve();
    if (!answer && !trouble_.empty()) answer.error().message += ": " + trouble_;
    return answer;
  }
  Result<Part*> part_at(PartitionId partition, Offset from);
  void stop(PartitionId partition, Part& part);
  // False: the page ends here.
  Result<bool> take(Part& part, const rd_kafka_message_t& message, Page& page);
  Error error_of(const rd_kafka_message_t& message) const;
  void fill_end(PartitionId partition, Page& page) const;

  const TopicOptions setup_;
  RecordDecoder reader_;
  model::BatchBuilder builder_;
  rd_kafka_t* client_ = nullptr;
  Queue events_;
  TopicHandle topic_;
  std::map<PartitionId, Part> parts_;
  std::string trouble_;  // what the client said last; empty: nothing since a record came
  std::atomic<bool> cancelled_{false};
};

Status TopicReader::Impl::open() {
  auto conf = reader_conf(setup_.client, setup_.topic, Gone::error);
  if (!conf) return std::unexpected(conf.error());
  ask_for_events(*conf->get(), 0);
  auto client = new_client(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!client) return std::unexpected(client.error());
  client_ = *client;
  events_.reset(rd_kafka_queue_get_main(client_));
  rd_kafka_set_log_queue(client_, events_.get());
  topic_.reset(rd_kafka_topic_new(client_, setup_.topic.c_str(), nullptr));
  serve();
  return {};
}

TopicReader::Impl::~Impl() {
  for (auto& [partition, part] : parts_) stop(partition, part);
  parts_.clear();
  events_.reset();
  topic_.reset();
  if (client_ != nullptr) rd_kafka_destroy(client_);
}

void TopicReader::Impl::serve() {
  while (const Event event{rd_kafka_queue_poll(events_.get(), 0)})
    if (auto trouble = serve_event(client_, event.get(), setup_.client, "reading " + setup_.topic))
      trouble_ = std::move(trouble->message);
}

void TopicReader::Impl::stop(PartitionId partition, Part& part) {
  if (!part.queue) return;
  rd_kafka_consume_stop(topic_.get(), static_cast<std::int32_t>(partition.value));
  part.queue.reset();
}

Result<TopicReader::Impl::Part*> TopicReader::Impl::part_at(PartitionId partition, Offset from) {
  Part& part = parts_[partition];
  if (part.queue && part.next == from) return &part;
  stop(partition, part);
  // A queue of its own each time: nothing that was fetched for the old place is in it.
  part.queue.reset(rd_kafka_queue_new(client_));
  part.next = from;
  part.at_end = false;
  if (rd_kafka_consume_start_queue(topic_.get(), static_cast<std::int32_t>(partition.value), from,
                                   part.queue.get()) == 0)
    return &part;
  part.queue.reset();
  return std::unexpected(to_error(rd_kafka_last_error(), "reading " + setup_.topic));
}

Error TopicReader::Impl::error_of(const rd_kafka_message_t& message) const {
  if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
      message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    return {ErrorKind::corrupt, "E6104",
            fmt::format("the offset is not in partition {} of {} any more", message.partition,
                        setup_.topic)};
  return to_error(message.err,
                  fmt::format("reading partition {} of {}", message.partition, setup_.topic));
}

Result<bool> TopicReader::Impl::take(Part& part, const rd_kafka_message_t& message, Page& page) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    part.next = std::max<Offset>(part.next, message.offset);
    part.at_end = true;
    return false;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // It may go on by itself or not: the next read begins anew.
    Error error = error_of(message);
    stop(PartitionId{static_cast<std::uint32_t>(message.partition)}, part);
    return std::unexpected(std::move(error));
  }
  if (builder_.empty()) page.base = message.offset;
  reader_.add(message, static_cast<std::uint32_t>(message.offset - page.base), builder_);
  part.next = message.offset + 1;
  part.at_end = false;
  trouble_.clear();
  return true;
}

void TopicReader::Impl::fill_end(PartitionId partition, Page& page) const {
  std::int64_t low = 0, high = -1;
  rd_kafka_get_watermark_offsets(client_, setup_.topic.c_str(),
                                 static_cast<std::int32_t>(partition.value), &low, &high);
  page.end = std::max<Offset>(high, page.next);
}

Result<TopicReader::Page> TopicReader::Impl::read(PartitionId partition, Offset from,
                                                  std::size_t max_bytes,
                                                  steady_clock::time_point deadline) {
  auto at = part_at(partition, from);
  if (!at) return std::unexpected(at.error());
  Part& part = **at;
  Page page;
  while (builder_.size() < kPageRecords && builder_.payload_bytes() < max_bytes) {
    const bool wait = builder_.empty() && !part.at_end;
    serve();
    const Message message(
        rd_kafka_consume_queue(part.queue.get(), wait ? milliseconds_until(deadline) : 0));
    if (message) {
      auto more = take(part, *message, page);
      // What came before it is good; the error comes again.
      if (!more && builder_.empty()) return std::unexpected(more.error());
      if (!more || !*more) break;
    } else if (!wait) {
      break;
    } else if (cancelled_) {
      return fail(ErrorKind::cancelled, "", "the read was called off");
    } else if (steady_clock::now() >= deadline) {
      return fail(ErrorKind::unavailable, "E6101", "nothing is heard of partition {} of {}{}{}",
                  partition.value, setup_.topic, trouble_.empty() ? "" : ": ", trouble_);
    }
  }
  page.next = part.next;
  page.at_end = part.at_end;
  if (!builder_.empty()) page.batch = builder_.finish();
  fill_end(partition, page);
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
