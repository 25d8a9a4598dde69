// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/topic/topic_appender.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace pelton::stream {
namespace {

Status status_of(const std::vector<kafka::Refused>& refused, std::size_t events) {
  if (refused.empty()) return {};
  Error error = refused.front().error;
  error.message = fmt::format("{} of {} events were refused by the topic, the first: {}",
                              refused.size(), events, error.message);
  return std::unexpected(std::move(error));
}

// Does not wait: the caller is the producer's thread.
void write_position(store::Store& store, std::vector<model::LedgerWrite> position,
                    Appender::Done done) {
  model::Transaction transaction;
  transaction.ledger = std::move(position);
  // Shared by the callback and whoever is left with a transaction that was not taken.
  auto answer = std::make_shared<Appender::Done>(std::move(done));
  auto taken = store.submit(std::move(transaction), store::Origin::engine,
                            [answer](Result<store::Committed> result) {
                              (*answer)(result ? Status{} : std::unexpected(result.error()));
                            });
  if (!taken) (*answer)(std::move(taken));
}

}  // namespace

// Thread-safe. The bytes that are on their way.
class TopicAppender::Pot {
 public:
  explicit Pot(std::size_t most) : most_(most) {}

  bool take(std::size_t bytes, std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    const auto fits = [&] { return taken_ == 0 || taken_ + bytes <= most_; };
    if (!room_.wait_until(lock, deadline, fits)) return false;
    taken_ += bytes;
    return true;
  }
  void give_back(std::size_t bytes) {
    {
      std::lock_guard lock(mutex_);
      taken_ -= bytes;
    }
    room_.notify_all();
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::size_t taken_ = 0;  // guarded by mutex_
};

TopicAppender::TopicAppender(std::shared_ptr<kafka::Producer> producer, store::Store& store,
                             std::size_t most_bytes)
    : producer_(std::move(producer)), store_(store), pot_(std::make_shared<Pot>(most_bytes)) {}

Status TopicAppender::append(model::BatchPtr batch, std::vector<model::LedgerWrite> position,
                             Done done, std::chrono::steady_clock::time_point deadline) {
  const std::size_t bytes = batch->bytes().size();
  const std::size_t events = batch->size();
  if (!pot_->take(bytes, deadline)) {
    const std::string why = producer_->trouble();
    return fail(ErrorKind::overloaded, "E5009",
                "too many bytes await acknowledgement by the topic{}{}", why.empty() ? "" : ": ",
                why);
  }
  producer_->send(std::move(batch),
                  [pot = pot_, &store = store_, bytes, events, position = std::move(position),
                   done = std::move(done)](std::vector<kafka::Refused> refused) mutable {
                    pot->give_back(bytes);
                    Status status = status_of(refused, events);
                    if (!status || position.empty()) return done(std::move(status));
                    write_position(store, std::move(position), std::move(done));
                  });
  return {};
}

}  // namespace pelton::stream
