// SPDX-License-Identifier: Apache-2.0
#include "connectors/kafka/kafka_sink.h"

#include "engine/connector/lane_guard.h"
#include "engine/kafka/client/poll_loop.h"
#include "engine/kafka/consume/topic_reader.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace pelton::kafka_connector {
namespace {

using std::chrono::steady_clock;

// So long a write waits once the client says that something is wrong, and at all.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::seconds kLongest{10};
constexpr std::chrono::milliseconds kSlice{100};

}  // namespace

// A batch on its way.
class KafkaSink::Writing {
 public:
  Writing(model::BatchPtr batch, model::Order order)
      : batch_(std::move(batch)), lanes_(*batch_, order) {}

  const model::BatchPtr& batch() const { return batch_; }
  connector::LaneGuard& lanes() { return lanes_; }  // the producer's thread

  void finish(std::vector<kafka::Refused> refused) {
    {
      std::lock_guard lock(mutex_);
      refused_ = std::move(refused);
    }
    done_.notify_all();
  }
  std::optional<std::vector<kafka::Refused>> wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    done_.wait_for(lock, time, [this] { return refused_.has_value(); });
    return refused_;
  }

 private:
  const model::BatchPtr batch_;
  connector::LaneGuard lanes_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::optional<std::vector<kafka::Refused>> refused_;  // guarded by mutex_
};

struct KafkaSink::Client {
  kafka::PollLoop loop;
  std::unique_ptr<kafka::Producer> producer;  // goes once the loop has stopped

  ~Client() { loop.stop(); }
};

KafkaSink::KafkaSink(kafka::TopicOptions topic) : topic_(std::move(topic)) {}
KafkaSink::~KafkaSink() = default;

Status KafkaSink::connect() {
  if (!client_) {
    auto client = std::make_unique<Client>();
    auto producer = kafka::Producer::create(topic_, client->loop, kafka::Behind::strict);
    if (!producer) return std::unexpected(producer.error());
    client->producer = std::move(*producer);
    client->loop.start();
    client_ = std::move(client);
  }
  auto brokers = kafka::TopicReader::open(topic_);
  if (!brokers) return std::unexpected(brokers.error());
  return (*brokers)->reach();
}

Result<std::vector<connector::SinkFailure>> KafkaSink::write(
    const model::Batch& batch, const connector::SinkPosition& position) {
  // Another batch than the one that was given up: that one is the engine's again.
  if (writing_ && writing_->batch()->bytes() != batch.bytes()) {
    writing_.reset();
    client_.reset();
    if (auto ok = connect(); !ok) return std::unexpected(ok.error());
  }
  if (!writing_) {
    // The producer keeps it until it is acknowledged, which may be after this call.
    auto copy = model::Batch::parse(std::string(batch.bytes()));
    if (!copy) return std::unexpected(copy.error());
    writing_ = std::make_shared<Writing>(std::move(*copy), position.order);
    client_->producer->send(
        writing_->batch(),
        [writing = writing_](std::vector<kafka::Refused> refused) {
          writing->finish(std::move(refused));
        },
        {.blocked = [writing = writing_](std::uint32_t i) { return writing->lanes().blocked(i); },
         .failed = [writing = writing_](std::uint32_t i) { writing->lanes().failed(i); }});
  }
  auto refused = await();
  if (!refused) return std::unexpected(refused.error());
  writing_.reset();
  std::vector<connector::SinkFailure> failures;
  for (kafka::Refused& one : *refused) failures.push_back({one.index, std::move(one.error)});
  return failures;
}

Result<std::vector<kafka::Refused>> KafkaSink::await() {
  const auto longest = steady_clock::now() + kLongest;
  std::optional<steady_clock::time_point> patience;
  for (;;) {
    if (auto refused = writing_->wait(kSlice)) return std::move(*refused);
    const auto now = steady_clock::now();
    const std::string trouble = client_->producer->trouble();
    if (trouble.empty()) patience.reset();
    if (!trouble.empty() && !patience) patience = now + kPatience;
    if (now < longest && !(patience && now >= *patience)) continue;
    return fail(ErrorKind::unavailable, "E6101", "{} has not acknowledged its records{}{}",
                topic_.topic, trouble.empty() ? "" : ": ", trouble);
  }
}

void KafkaSink::close() {
  // What is on its way is waited for by the write that comes again.
  if (!writing_) client_.reset();
}

}  // namespace pelton::kafka_connector
