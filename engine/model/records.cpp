// SPDX-License-Identifier: Apache-2.0
#include "engine/model/records.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pelton::model {
namespace {

constexpr std::size_t kShortMessage = 256;
constexpr std::string_view kShortened = "... (shortened)";
constexpr std::string_view kNoStack = "(dropped)";

std::size_t bytes_of(const BatchPtr& batch) {
  return batch ? batch->memory() : 0;
}

std::size_t bytes_of(const Attempt& attempt) {
  return sizeof(Attempt) + attempt.cause.size() + attempt.type.size() + attempt.message.size() +
         attempt.stack.size() + attempt.worker.size();
}

bool shortened(const Attempt& attempt) {
  return attempt.message.size() <= kShortMessage + kShortened.size() &&
         attempt.stack.size() <= kNoStack.size();
}

void shorten(Attempt& attempt) {
  if (attempt.message.size() > kShortMessage + kShortened.size()) {
    attempt.message.resize(kShortMessage);
    attempt.message += kShortened;
    attempt.message.shrink_to_fit();
  }
  if (attempt.stack.size() > kNoStack.size()) attempt.stack = std::string(kNoStack);
}

}  // namespace

std::size_t bytes_of(const RetryState& state) {
  std::size_t bytes = sizeof(RetryState);
  for (const Attempt& attempt : state.history) bytes += bytes_of(attempt);
  return bytes;
}

void add_attempt(RetryState& state, Attempt attempt) {
  std::vector<Attempt>& history = state.history;
  history.push_back(std::move(attempt));
  if (history.size() > kMaxHistory) history.erase(history.begin());
  while (history.size() > 1 && bytes_of(state) > kMaxHistoryBytes) {
    const auto newest = history.end() - 1;
    const auto whole = std::find_if_not(history.begin(), newest, shortened);
    if (whole == newest)
      history.erase(history.begin());
    else
      shorten(*whole);
  }
}

void apply(const Transaction::RetryUpdate& update, RetryState& stored) {
  RetryState state = *update.state;
  if (update.appends) {
    std::swap(state.history, stored.history);
    for (Attempt& attempt : stored.history) add_attempt(state, std::move(attempt));
  }
  stored = std::move(state);
}

WallTime generation_begin(WallTime now, Duration ttl) {
  return from_us(to_us(now) / ttl.count() * ttl.count());
}

WallTime remembered_since(WallTime now, Duration ttl) {
  return std::max(WallTime{}, generation_begin(now, ttl) - ttl);
}

std::string moved_key(PartitionId partition) {
  return "moved/" + std::to_string(partition.value);
}

std::size_t bytes_of(const Transaction& transaction) {
  std::size_t bytes = 0;
  for (const Append& append : transaction.appends) bytes += bytes_of(append.batch);
  for (const auto& update : transaction.progress)
    bytes += sizeof(update) + update.progress.completed.size() * sizeof(OffsetRange);
  for (const auto& update : transaction.retries)
    bytes += sizeof(update) + (update.state     ? bytes_of(*update.state)
                               : update.appends ? kMaxHistoryBytes
                                                : 0);
  for (const DeadLetter& letter : transaction.dead_letters)
    bytes += sizeof(letter) + bytes_of(letter.retry) + bytes_of(letter.event);
  for (const CompletedKeys& keys : transaction.idempotency)
    bytes += sizeof(keys) + keys.fingerprints.size() * sizeof(Hash128);
  for (const LedgerWrite& write : transaction.ledger)
    bytes += sizeof(write) + write.key.size() + (write.value ? write.value->size() : 0);
  return bytes;
}

}  // namespace pelton::model
