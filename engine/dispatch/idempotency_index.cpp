// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/idempotency_index.h"

#include <algorithm>
#include <utility>

namespace pelton::dispatch {
namespace {

// So many insertions take about as long as the memory needs to answer.
constexpr std::size_t kAhead = 12;

}  // namespace

std::optional<IdempotencyKey> IdempotencyIndex::key_of(const model::Batch& batch, std::size_t i) {
  IdempotencyKey key;
  for (const config::FieldRef& field : options_.key) {
    const FieldValue value = reader_.read(field, batch, i);
    if (value.kind == FieldValue::Kind::absent || value.kind == FieldValue::Kind::null)
      return std::nullopt;
    // The length keeps ("a", "bc") and ("ab", "c") apart.
    if (options_.key.size() > 1) key.text += fmt::format("{}:", value.text.size());
    key.text += value.text;
  }
  key.fingerprint = hash128(key.text);
  return key;
}

void IdempotencyIndex::begin_generation() {
  while (forgotten_.shrink()) {
  }
  forgotten_ = std::exchange(previous_, std::exchange(current_, {}));
}

void IdempotencyIndex::advance(WallTime now) {
  if (now < ends_) return;
  begin_generation();
  const WallTime begin = model::generation_begin(now, options_.ttl);
  // Nothing was completed, or asked for, in the one before.
  if (begin > ends_) begin_generation();
  ends_ = begin + options_.ttl;
}

bool IdempotencyIndex::completed(const Hash128& fingerprint, WallTime now) {
  advance(now);
  return current_.contains(fingerprint) || previous_.contains(fingerprint);
}

void IdempotencyIndex::prefetch(const Hash128& fingerprint) const {
  current_.prefetch(fingerprint);
  previous_.prefetch(fingerprint);
}

void IdempotencyIndex::complete(std::span<const Hash128> fingerprints, WallTime time) {
  advance(time);
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    if (i + kAhead < fingerprints.size()) current_.prefetch(fingerprints[i + kAhead]);
    complete(fingerprints[i]);
  }
}

void IdempotencyIndex::complete(const Hash128& fingerprint) {
  forgotten_.shrink();
  current_.insert(fingerprint);
  if (current_.bytes() <= options_.memory / 2) return;
  forgotten_early_ += previous_.size();
  begin_generation();
}

KeyUsage IdempotencyIndex::usage() const {
  return {current_.size() + previous_.size(),
          current_.bytes() + previous_.bytes() + forgotten_.bytes(), forgotten_early_};
}

bool IdempotencyIndex::acquire(const Hash128& fingerprint, const Waiter& caller) {
  const auto [at, added] = held_.try_emplace(fingerprint);
  Holder& holder = at->second;
  if (added) holder.owner = caller;
  if (holder.owner == caller) return true;
  if (std::ranges::find(holder.waiters, caller) == holder.waiters.end())
    holder.waiters.push_back(caller);
  return false;
}

std::vector<IdempotencyIndex::Waiter> IdempotencyIndex::release(const Hash128& fingerprint) {
  const auto at = held_.find(fingerprint);
  if (at == held_.end()) return {};
  std::vector<Waiter> waiters = std::move(at->second.waiters);
  held_.erase(at);
  return waiters;
}

std::vector<IdempotencyIndex::Waiter> IdempotencyIndex::forget(std::uint32_t partition) {
  std::vector<Waiter> freed;
  boost::unordered::erase_if(held_, [&](auto& entry) {
    Holder& holder = entry.second;
    std::erase_if(holder.waiters, [&](const Waiter& w) { return w.partition == partition; });
    if (holder.owner.partition != partition) return false;
    freed.insert(freed.end(), holder.waiters.begin(), holder.waiters.end());
    return true;
  });
  return freed;
}

}  // namespace pelton::dispatch
