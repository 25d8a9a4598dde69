// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_access.h"

#include "engine/base/units.h"
#include "engine/config/spec/topic_kind.h"
#include "engine/thread/timer.h"

#include <algorithm>
#include <utility>

namespace pelton::stream {
namespace {

constexpr std::chrono::seconds kProduceTimeout{30};
// A topic that is not there may be in the making; an operator is not to wait for it for long.
constexpr const char* kUnknownTopicMs = "5000";

// Runs of records that follow each other.
std::vector<Produced> runs_of(std::vector<kafka::RecordPlace> places) {
  std::ranges::sort(places, {}, [](const kafka::RecordPlace& place) {
    return std::pair(place.partition, place.offset);
  });
  std::vector<Produced> runs;
  for (const kafka::RecordPlace& place : places) {
    const bool follows = !runs.empty() && runs.back().partition == place.partition.value &&
                         runs.back().base + runs.back().count == place.offset;
    if (follows)
      ++runs.back().count;
    else
      runs.push_back({place.partition.value, place.offset, 1});
  }
  return runs;
}

std::unexpected<Error> gone(const std::string& stream) {
  return fail(ErrorKind::unavailable, "E5040", "stream {} was removed", stream);
}

Error refusal(const std::vector<kafka::Refused>& refused, std::size_t count) {
  Error error = refused.front().error;
  error.message =
      fmt::format("event {} of {}: {}", refused.front().index + 1, count, error.message);
  if (refused.size() > 1)
    error.message += fmt::format("; {} more were refused", refused.size() - 1);
  if (refused.size() < count)
    error.message += fmt::format("; {} are in the topic", count - refused.size());
  return error;
}

}  // namespace

// Answered once: by the producer, or by the clock. On the mailbox's thread but for its making.
class TopicAccess::Request : public std::enable_shared_from_this<Request> {
 public:
  using ProduceAnswer = Answer<std::vector<Produced>>;

  Request(std::size_t count, ProduceAnswer answer) : count_(count), answer_(std::move(answer)) {}

  // `trouble`: what keeps records from going, then.
  void start(boost::asio::io_context& io, std::function<std::string()> trouble) {
    if (!answer_) return;
    timer_ = std::make_unique<thread::Timer>(io);
    timer_->after(kProduceTimeout, [weak = weak_from_this(), trouble = std::move(trouble)] {
      const auto self = weak.lock();
      if (!self || !self->answer_) return;
      const std::string why = trouble();
      self->answer(fail(ErrorKind::unavailable, "E5041",
                        "the brokers did not acknowledge the events within {}; they may still be "
                        "written{}{}",
                        format_duration(kProduceTimeout), why.empty() ? "" : ": ", why));
    });
  }
  void finish(const std::vector<kafka::Refused>& refused) {
    timer_.reset();
    if (!answer_) return;
    if (!refused.empty()) return answer(std::unexpected(refusal(refused, count_)));
    answer(runs_of(std::move(*places)));
  }

  // Shared with the producer, which fills it.
  const std::shared_ptr<std::vector<kafka::RecordPlace>> places =
      std::make_shared<std::vector<kafka::RecordPlace>>();

 private:
  void answer(Result<std::vector<Produced>> result) {
    std::exchange(answer_, nullptr)(std::move(result));
  }

  const std::size_t count_;
  ProduceAnswer answer_;
  std::unique_ptr<thread::Timer> timer_;
};

void TopicAccess::set(std::span<const config::Stream> streams, const store::Store& store) {
  std::lock_guard lock(mutex_);
  const config::TopicKind kind = kafka::topic_kind();
  decltype(topics_) topics;
  for (const config::Stream& stream : streams) {
    if (!stream.kafka) continue;
    const StreamId id = *store.find_stream(stream.name);
    const auto known = topics_.find(stream.name);
    const bool same = known != topics_.end() && known->second->id == id &&
                      config::differences(known->second->stream, stream, &kind).empty();
    topics[stream.name] = same ? known->second : std::make_shared<Topic>(Topic{stream, id, {}});
  }
  topics_ = std::move(topics);
}

std::shared_ptr<TopicAccess::Topic> TopicAccess::find(std::string_view stream) const {
  std::lock_guard lock(mutex_);
  const auto found = topics_.find(stream);
  return found == topics_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<StreamReader>> TopicAccess::reader(const std::string& stream) {
  const auto topic = find(stream);
  if (topic == nullptr) return gone(stream);
  return readers_.open(topic->id, kafka::topic_of(topic->stream));
}

Result<std::shared_ptr<kafka::Producer>> TopicAccess::producer_of(Topic& topic) {
  if (topic.producer) return topic.producer;
  kafka::TopicOptions settings = kafka::topic_of(topic.stream);
  // Before the file's own, which have the last word.
  auto& properties = settings.client.properties;
  properties.insert(properties.begin(), {"topic.metadata.propagation.max.ms", kUnknownTopicMs, {}});
  auto producer =
      kafka::Producer::create(settings, loop_, kafka::Behind::fast, kafka::TopicFault::refuse);
  if (!producer) return std::unexpected(producer.error());
  topic.producer = std::move(*producer);
  return topic.producer;
}

void TopicAccess::produce(const std::string& stream, model::BatchPtr events,
                          std::optional<std::uint32_t> partition,
                          Answer<std::vector<Produced>> answer) {
  const auto topic = find(stream);
  if (topic == nullptr) return answer(gone(stream));
  auto producer = producer_of(*topic);
  if (!producer) return answer(std::unexpected(producer.error()));
  const std::size_t bytes = events->bytes().size();
  if (*bytes_ > 0 && *bytes_ + bytes > most_bytes_)
    return answer(fail(
        ErrorKind::overloaded, "E5009",
        "too many bytes await acknowledgement by topics: their brokers are slow or unavailable"));
  *bytes_ += bytes;
  const auto request = std::make_shared<Request>(events->size(), std::move(answer));
  mailbox_.post([request, &io = io_, made = *producer] {
    request->start(io, [made] { return made->trouble(); });
  });
  kafka::Sending how;
  if (partition) how.partition = PartitionId{*partition};
  how.places = request->places;
  (*producer)->send(
      std::move(events),
      [request, &to = mailbox_, bytes, on_way = bytes_](std::vector<kafka::Refused> refused) {
        *on_way -= bytes;
        to.post([request, refused = std::move(refused)] { request->finish(refused); });
      },
      std::move(how));
}

}  // namespace pelton::stream
