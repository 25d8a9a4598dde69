// SPDX-License-Identifier: Apache-2.0
#include "engine/model/records.h"

namespace pelton::model {
namespace {

std::size_t bytes_of(const BatchPtr& batch) {
  return batch ? batch->bytes().size() : 0;
}

std::size_t bytes_of(const RetryState& state) {
  std::size_t bytes = sizeof(RetryState);
  for (const Attempt& attempt : state.history)
    bytes += sizeof(Attempt) + attempt.type.size() + attempt.message.size() + attempt.stack.size() +
             attempt.worker.size();
  return bytes;
}

}  // namespace

std::size_t bytes_of(const Transaction& transaction) {
  std::size_t bytes = 0;
  for (const Append& append : transaction.appends) bytes += bytes_of(append.batch);
  for (const auto& update : transaction.progress)
    bytes += sizeof(update) + update.progress.completed.size() * sizeof(OffsetRange);
  for (const auto& update : transaction.retries)
    bytes += sizeof(update) + (update.state ? bytes_of(*update.state) : 0);
  for (const DeadLetter& letter : transaction.dead_letters)
    bytes += sizeof(letter) + bytes_of(letter.retry) + bytes_of(letter.event);
  for (const auto& update : transaction.idempotency)
    bytes += sizeof(update) + bytes_of(update.record.result);
  return bytes;
}

}  // namespace pelton::model
