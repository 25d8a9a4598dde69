// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_readers.h"

#include "engine/kafka/consume/topic_reader.h"
#include "engine/thread/job_thread.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <utility>

namespace pelton::stream {
namespace {

// How long the brokers may be silent during one read.
constexpr std::chrono::seconds kReadTimeout{5};

}  // namespace

// A client with its thread. There is one caller, and so one job at a time.
class TopicReaders::Client {
 public:
  Client(StreamId stream, std::unique_ptr<kafka::TopicReader> reader)
      : stream_(stream), reader_(std::move(reader)) {
    thread_.start();
  }

  // ---- any thread
  void run(thread::JobThread::Job job) { thread_.run(std::move(job)); }
  // A read that is under way ends soon; its answer is owed. The client goes behind it.
  void close() {
    if (closed_.exchange(true)) return;
    reader_->cancel();
    thread_.run([this] {
      reader_.reset();
      over_ = true;
    });
  }
  bool over() const { return over_; }
  // After close(): waits for the thread.
  void join() { thread_.stop(); }

  // ---- the thread
  Result<std::uint32_t> partitions() { return reader_->partitions(); }
  Result<ReadAnswer> read(const ReadRequest& request);

 private:
  Status check_partition(std::uint32_t partition);
  Result<Offset> resolve(const ReadRequest& request);

  const StreamId stream_;
  std::unique_ptr<kafka::TopicReader> reader_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> over_{false};
  // The thread's own.
  std::uint32_t known_partitions_ = 0;
  std::map<std::uint32_t, Offset> next_;  // where the last page of a partition ended

  thread::JobThread thread_;  // ends before what its jobs use
};

Status TopicReaders::Client::check_partition(std::uint32_t partition) {
  if (partition < known_partitions_) return {};
  auto count = reader_->partitions();
  if (!count) return std::unexpected(count.error());
  known_partitions_ = *count;
  if (partition < *count) return {};
  return fail(ErrorKind::invalid, "E5001", "the topic has partitions 0 to {}, not {}", *count - 1,
              partition);
}

Result<Offset> TopicReaders::Client::resolve(const ReadRequest& request) {
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

Result<ReadAnswer> TopicReaders::Client::read(const ReadRequest& request) {
  if (auto ok = check_partition(request.partition); !ok) return std::unexpected(ok.error());
  const PartitionId partition{request.partition};
  const auto from = resolve(request);
  if (!from) return std::unexpected(from.error());
  const auto deadline = std::chrono::steady_clock::now() + kReadTimeout;
  auto page = reader_->read(partition, *from, request.max_bytes, deadline);
  if (!page) {
    // The next request learns where the partition begins now.
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
  explicit Reader(std::shared_ptr<Client> client) : client_(std::move(client)) {}
  ~Reader() override { client_->close(); }

  void partitions(Answer<std::uint32_t> answer) override {
    client_->run([&client = *client_, answer = std::move(answer)]() mutable {
      answer(client.partitions());
    });
  }
  void read(const ReadRequest& request, Answer<ReadAnswer> answer) override {
    client_->run([&client = *client_, request, answer = std::move(answer)]() mutable {
      answer(client.read(request));
    });
  }

 private:
  const std::shared_ptr<Client> client_;  // shared with its thread, which outlives this
};

TopicReaders::~TopicReaders() {
  for (const auto& client : open_) client->close();
  for (const auto& client : open_) client->join();
}

Result<std::shared_ptr<StreamReader>> TopicReaders::open(StreamId stream,
                                                         const kafka::TopicOptions& topic) {
  std::erase_if(open_, [](const auto& client) { return client->over(); });
  if (open_.size() >= kMost)
    return fail(ErrorKind::overloaded, "E5009", "{} readers of topics are open, which is the limit",
                kMost);
  auto reader = kafka::TopicReader::open(topic);
  if (!reader) return std::unexpected(reader.error());
  // Two own it: this, and the reader that is answered.
  open_.push_back(std::make_shared<Client>(stream, std::move(*reader)));
  return std::make_shared<Reader>(open_.back());
}

}  // namespace pelton::stream
