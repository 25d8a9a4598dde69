// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_readers.h"

#include "engine/kafka/consume/topic_reader.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace pelton::stream {
namespace {

// So long the brokers may be silent in one read.
constexpr std::chrono::seconds kReadTimeout{5};

}  // namespace

// What a reader's thread works through: one job at a time, for there is one caller.
class TopicReaders::Desk {
 public:
  using Job = std::move_only_function<void()>;

  Desk(StreamId stream, std::unique_ptr<kafka::TopicReader> reader)
      : stream_(stream), reader_(std::move(reader)) {}

  // ---- any thread
  void post(Job job) {
    {
      std::lock_guard lock(mutex_);
      job_ = std::move(job);
    }
    changed_.notify_one();
  }
  void close() {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
      if (reader_) reader_->cancel();
    }
    changed_.notify_one();
  }
  bool over() const { return over_; }

  // ---- the thread
  void run() {
    while (auto job = next()) {
      (*job)();
      // With the job goes what its caller was, perhaps, and with that this desk's work.
      job.reset();
    }
    std::unique_ptr<kafka::TopicReader> reader;
    {
      std::lock_guard lock(mutex_);
      reader = std::move(reader_);
    }
    reader.reset();
    over_ = true;
  }
  Result<std::uint32_t> partitions() { return reader_->partitions(); }
  Result<ReadAnswer> read(const ReadRequest& request);

 private:
  std::optional<Job> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closing_ || job_; });
    // A job that waits is done even now: its answer is owed, and a cancelled read is quick.
    return std::exchange(job_, std::nullopt);
  }
  Status check_partition(std::uint32_t partition);
  Result<Offset> resolve(const ReadRequest& request);

  const StreamId stream_;
  std::unique_ptr<kafka::TopicReader> reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Job> job_;  // guarded by mutex_
  bool closing_ = false;    // guarded by mutex_
  std::atomic<bool> over_{false};
  // The thread's own.
  std::uint32_t known_partitions_ = 0;
  std::map<std::uint32_t, Offset> next_;  // where the last page of a partition ended
};

Status TopicReaders::Desk::check_partition(std::uint32_t partition) {
  if (partition < known_partitions_) return {};
  auto count = reader_->partitions();
  if (!count) return std::unexpected(count.error());
  known_partitions_ = *count;
  if (partition < *count) return {};
  return fail(ErrorKind::invalid, "E5001", "the topic has partitions 0 to {}, not {}", *count - 1,
              partition);
}

Result<Offset> TopicReaders::Desk::resolve(const ReadRequest& request) {
  using Kind = ReadRequest::From::Kind;
  const auto known = next_.find(request.partition);
  if (request.from.kind == Kind::offset && known != next_.end() &&
      known->second == request.from.offset)
    return request.from.offset;
  std::optional<WallTime> time;
  if (request.from.kind == Kind::time) time = request.from.time;
  auto facts = reader_->look_up({PartitionId{request.partition}}, time);
  if (!facts) return std::unexpected(facts.error());
  const kafka::PartitionFacts& fact = facts->front();
  switch (request.from.kind) {
    case Kind::earliest:
      return fact.earliest;
    case Kind::latest:
      return fact.end;
    case Kind::time:
      return fact.at_time;
    case Kind::offset:
      return std::clamp(request.from.offset, fact.earliest, fact.end);
  }
  return fact.earliest;
}

Result<ReadAnswer> TopicReaders::Desk::read(const ReadRequest& request) {
  if (auto ok = check_partition(request.partition); !ok) return std::unexpected(ok.error());
  const PartitionId partition{request.partition};
  const auto from = resolve(request);
  if (!from) return std::unexpected(from.error());
  const auto deadline = std::chrono::steady_clock::now() + kReadTimeout;
  auto page = reader_->read(partition, *from, request.max_bytes, deadline);
  if (!page) {
    // Whoever asks again is told where the partition begins now.
    next_.erase(request.partition);
    return std::unexpected(page.error());
  }
  next_[request.partition] = page->next;
  ReadAnswer answer{*from, page->next, page->end, page->at_end, {}};
  if (page->batch) answer.batches.push_back({{stream_, partition}, page->base, page->batch});
  return answer;
}

class TopicReaders::Reader final : public StreamReader {
 public:
  explicit Reader(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}
  ~Reader() override { desk_->close(); }

  void partitions(Answer<std::uint32_t> answer) override {
    desk_->post(
        [&desk = *desk_, answer = std::move(answer)]() mutable { answer(desk.partitions()); });
  }
  void read(const ReadRequest& request, Answer<ReadAnswer> answer) override {
    desk_->post([&desk = *desk_, request, answer = std::move(answer)]() mutable {
      answer(desk.read(request));
    });
  }

 private:
  const std::shared_ptr<Desk> desk_;  // shared with its thread, which outlives this
};

TopicReaders::~TopicReaders() {
  for (Open& open : open_) open.desk->close();
  for (Open& open : open_) open.thread.join();
}

void TopicReaders::sweep() {
  std::erase_if(open_, [](Open& open) {
    if (!open.desk->over()) return false;
    open.thread.join();
    return true;
  });
}

Result<std::shared_ptr<StreamReader>> TopicReaders::open(StreamId stream,
                                                               const kafka::TopicOptions& topic) {
  sweep();
  if (open_.size() >= kMost)
    return fail(ErrorKind::overloaded, "E5009", "{} readers of topics are open, the most at a time",
                kMost);
  auto reader = kafka::TopicReader::open(topic);
  if (!reader) return std::unexpected(reader.error());
  // Two own it: the thread, and the reader that is answered.
  const auto desk = std::make_shared<Desk>(stream, std::move(*reader));
  open_.push_back({desk, std::thread([desk] { desk->run(); })});
  return std::make_shared<Reader>(desk);
}

}  // namespace pelton::stream
