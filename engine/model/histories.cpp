// SPDX-License-Identifier: Apache-2.0
#include "engine/model/histories.h"

#include "engine/base/utf8.h"

#include <algorithm>
#include <utility>

namespace pelton::model {
namespace {

constexpr std::size_t kMessageInMemory = 200;

}  // namespace

void forget_history(RetryState& state) {
  if (state.history.empty()) return;
  std::vector<Attempt> kept;
  const auto last = state.history.end() - 1;
  const auto timeout = std::ranges::find(state.history.begin(), last, kTimeout, &Attempt::cause);
  if (timeout != last)
    kept.push_back({timeout->number, timeout->time, timeout->cause, {}, {}, {}, {}});
  kept.push_back({last->number,
                  last->time,
                  last->cause,
                  last->type,
                  shortened(last->message, kMessageInMemory),
                  {},
                  {}});
  state.history = std::move(kept);
}

void prepend_history(DeadLetter& letter, RetryState stored) {
  const std::uint32_t known = stored.history.empty() ? 0 : stored.history.back().number;
  std::swap(letter.retry.history, stored.history);
  for (Attempt& attempt : stored.history)
    if (attempt.number > known) add_attempt(letter.retry, std::move(attempt));
}

StoredHistories stored_histories(const Transaction& transaction) {
  StoredHistories found;
  if (transaction.dead_letters.empty()) return found;
  for (const auto& update : transaction.retries)
    if (!update.state && update.appends)
      found.try_emplace({update.binding, update.at.partition, update.offset}, update.at);
  return found;
}

const StreamPartition* find(const StoredHistories& histories, const DeadLetterId& letter) {
  const auto found = histories.find({letter.binding, letter.partition, letter.offset});
  return found == histories.end() ? nullptr : &found->second;
}

}  // namespace pelton::model
