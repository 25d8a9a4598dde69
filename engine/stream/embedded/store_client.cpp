// SPDX-License-Identifier: Apache-2.0
#include "engine/stream/embedded/store_client.h"

#include "engine/base/clock.h"
#include "engine/store/ledger.h"

#include <algorithm>
#include <charconv>
#include <random>

namespace pelton::stream {
namespace {

// From the offset on, with what is settled there. Of a move back, which is for those who want
// events again, that is nothing.
model::Progress beyond(const model::Progress& progress, Offset offset) {
  model::Progress out{offset, {}};
  if (offset < progress.settled) return out;
  for (const OffsetRange& range : progress.completed) {
    if (range.end <= out.settled) continue;
    if (range.begin <= out.settled)
      out.settled = range.end;
    else
      out.completed.push_back(range);
  }
  return out;
}

}  // namespace

void StoreClient::submit(model::Transaction&& transaction, std::function<void(Status)> done) {
  ++submitted_;
  auto taken = store_.submit(
      std::move(transaction), store::Origin::engine,
      [this, done](Result<store::Committed> committed) {
        mailbox_.post(
            [this, done, status = committed ? Status{} : std::unexpected(committed.error())] {
              answered(done, status);
            });
      });
  if (!taken) answered(done, taken);
}

void StoreClient::answered(const std::function<void(Status)>& done, Status status) {
  ++answered_;
  done(std::move(status));
  while (!waiting_.empty() && waiting_.front().first <= answered_) {
    const auto then = std::move(waiting_.front().second);
    waiting_.pop_front();
    then();
  }
}

void StoreClient::after_all(std::function<void()> then) {
  if (answered_ == submitted_) return then();
  waiting_.emplace_back(submitted_, std::move(then));
}

void StoreClient::move(BindingId binding, model::StreamPartition at, Offset offset, bool pass_over,
                       std::function<void(Result<model::Progress>)> done) {
  // What was settled before must be in the store, so that its retries are seen and this cursor is
  // the last word.
  after_all([this, binding, at, offset, pass_over, done = std::move(done)] {
    const auto stored = store_.cursor(binding, at);
    if (!stored) return done(std::unexpected(stored.error()));
    model::Progress to{offset, {}};
    if (pass_over && *stored) to = beyond(**stored, offset);
    model::Transaction transaction;
    transaction.progress.push_back({binding, at, to});
    if (auto ok = forget_retries(store_, binding, at, transaction); !ok)
      return done(std::unexpected(ok.error()));
    if (auto ok = tell_move(at.partition, transaction); !ok)
      return done(std::unexpected(ok.error()));
    submit(std::move(transaction), [done, to](Status status) {
      done(status ? Result<model::Progress>(to) : std::unexpected(status.error()));
    });
  });
}

// Later than the one before, whatever the clock says.
Status StoreClient::tell_move(PartitionId partition, model::Transaction& transaction) {
  if (sink_.empty()) return {};
  const std::string key = model::moved_key(partition);
  const auto before = store_.ledger().get(sink_, key);
  if (!before) return std::unexpected(before.error());
  std::int64_t last = 0;
  if (*before) std::from_chars((*before)->data(), (*before)->data() + (*before)->size(), last);
  const std::int64_t now = std::max(to_us(SystemClock().now()), last + 1);
  transaction.ledger.push_back({sink_, key, std::to_string(now)});
  return {};
}

std::uint64_t random_number() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32) | device();
}

Status forget_retries(store::Store& store, BindingId binding, model::StreamPartition at,
                      model::Transaction& transaction) {
  auto retries = store.retries(binding, at);
  if (!retries) return std::unexpected(retries.error());
  for (const auto& retry : *retries)
    transaction.retries.push_back({retry.binding, retry.at, retry.offset, std::nullopt});
  return {};
}

}  // namespace pelton::stream
