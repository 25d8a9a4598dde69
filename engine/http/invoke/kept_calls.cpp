// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/kept_calls.h"

#include "engine/http/invoke/stored_call.h"

#include <utility>
#include <vector>

namespace pelton::http {
void KeptCalls::set_limits(const Limits& limits) {
  std::lock_guard lock(mutex_);
  limits_ = limits;
}

// ---- requests

std::optional<KeptCalls::Refusal> KeptCalls::why_no_more() const {
  if (under_way_.size() + results_.size() >= limits_.keys) return Refusal::full;
  if (memory_ != nullptr && !memory_->has_room(MemoryUse::keys)) return Refusal::memory;
  return std::nullopt;
}

KeptCalls::Answer KeptCalls::begin(const std::optional<RequestKey>& key, const std::string& id,
                                   Waiter&& waiter) {
  std::function<void()> first;
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || (key && !loaded_)) return Refusal::loading;
    expire();
    const Hash128 fingerprint = key ? key->fingerprint() : Hash128{};
    const std::uint64_t request = key ? short_hash(key->request) : 0;
    if (key) {
      if (const auto known = under_way_.find(fingerprint); known != under_way_.end())
        return known->second.request == request ? Refusal::under_way : Refusal::other_request;
      if (const ResultKey* known = results_.find(fingerprint)) {
        if (known->request != request) return Refusal::other_request;
        return Stored{known->offset};
      }
      if (const auto why = why_no_more()) return *why;
    }
    if (waiters_.size() >= limits_.waiting) return Refusal::waiting;
    if (key) under_way_[fingerprint] = {request, call_hash(id)};
    claim();
    if (waiters_.empty()) first = on_waiting_;
    waiters_.emplace(id, std::move(waiter));
  }
  if (first) first();
  return Begun{};
}

// The call has no result, and will have none.
bool KeptCalls::drop(const Hash128& key, std::uint64_t call) {
  const auto known = under_way_.find(key);
  if (known == under_way_.end() || known->second.call != call) return false;
  under_way_.erase(known);
  return true;
}

std::optional<KeptCalls::Waiter> KeptCalls::withdraw(const std::optional<RequestKey>& key,
                                                     const std::string& id) {
  std::lock_guard lock(mutex_);
  if (key) drop(key->fingerprint(), call_hash(id));
  return take(id);
}

std::optional<KeptCalls::Waiter> KeptCalls::take(const std::string& id) {
  auto node = waiters_.extract(id);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

// ---- the streams

void KeptCalls::restore(const model::Batch& calls, std::size_t event) {
  const auto key = request_key(calls, event);
  if (!key) return;
  const Hash128 fingerprint = key->fingerprint();
  const UnderWay call{short_hash(key->request), call_hash(calls.id(event))};
  std::lock_guard lock(mutex_);
  // Its result, or that of a later call with the same key, has been heard of already.
  if (const ResultKey* known = results_.find(fingerprint))
    if (known->call == call.call || known->time_us > calls.time_us(event)) return;
  under_way_.insert_or_assign(fingerprint, call);
  claim();
}

void KeptCalls::restore(const ResultKey& result) {
  std::lock_guard lock(mutex_);
  drop(result.key, result.call);
  results_.put(result);
  claim();
}

// An operator may replay the dead letter of a call whose key has begun another one since.
bool KeptCalls::remember(const ResultKey& result) {
  if (!drop(result.key, result.call) && under_way_.contains(result.key)) return false;
  expire();
  const ResultKey* const known = results_.find(result.key);
  if (loaded_ && known != nullptr && known->call != result.call) return false;
  results_.put(result);
  claim();
  return true;
}

std::optional<ResultKey> KeptCalls::result(const model::Batch& results, std::size_t event,
                                           Offset offset) {
  auto key = result_key(results, event, offset);
  std::optional<Waiter> waiter;
  {
    std::lock_guard lock(mutex_);
    if (key && !remember(*key)) key.reset();
    waiter = take(std::string(results.id(event)));
  }
  if (waiter) waiter->reply(stored_response(results, event));
  return key;
}

void KeptCalls::passed_over(const model::Batch& calls, std::size_t event) {
  const auto key = request_key(calls, event);
  const std::string id(calls.id(event));
  if (auto waiter = withdraw(key, id))
    waiter->reply(net::error_response(
        {ErrorKind::unavailable, "E7106",
         "an operator has passed over this call, which has no response: a repeated request is a "
         "new call"}));
}

void KeptCalls::loaded() {
  std::lock_guard lock(mutex_);
  loaded_ = true;
  expire();
}

bool KeptCalls::is_loaded() const {
  std::lock_guard lock(mutex_);
  return loaded_;
}

// ---- time

void KeptCalls::expire() {
  // A route's limits may come after what is stored of it.
  if (limits_.keep > Duration{}) results_.expire(to_us(clock_.now() - limits_.keep));
}

void KeptCalls::claim() {
  constexpr std::uint64_t kSlot = sizeof(Hash128) + sizeof(UnderWay) + 1;
  claim_.set(results_.bytes() + under_way_.bucket_count() * kSlot);
}

void KeptCalls::on_waiting(std::function<void()> call) {
  std::lock_guard lock(mutex_);
  on_waiting_ = std::move(call);
}

bool KeptCalls::look(std::chrono::steady_clock::time_point now) {
  return give_up(CallFailure::Kind::timeout, now);
}

void KeptCalls::stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  give_up(CallFailure::Kind::stopping, std::chrono::steady_clock::time_point::max());
}

// False: nobody waits any more.
bool KeptCalls::give_up(CallFailure::Kind why, std::chrono::steady_clock::time_point until) {
  std::vector<Waiter> overdue;
  bool more = false;
  {
    std::lock_guard lock(mutex_);
    for (auto at = waiters_.begin(); at != waiters_.end();) {
      if (at->second.deadline > until) {
        ++at;
        continue;
      }
      overdue.push_back(std::move(at->second));
      at = waiters_.erase(at);
    }
    more = !waiters_.empty();
  }
  for (Waiter& waiter : overdue) waiter.reply(waiter.failed(why));
  return more;
}

KeptCalls::Counts KeptCalls::counts() {
  std::lock_guard lock(mutex_);
  expire();
  claim();
  return {under_way_.size(), results_.size(), waiters_.size()};
}

}  // namespace pelton::http
