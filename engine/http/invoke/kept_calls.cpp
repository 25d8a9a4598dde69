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

KeptCalls::Answer KeptCalls::begin(const std::optional<RequestKey>& key, const std::string& id,
                                   Waiter&& waiter) {
  std::function<void()> first;
  {
    std::lock_guard lock(mutex_);
    if (stopped_ || (key && !loaded_)) return Refusal::loading;
    expire();
    const Hash128 hash = key ? hash128(key->key) : Hash128{};
    if (key) {
      if (const auto known = calls_.find(hash); known != calls_.end()) {
        if (known->second.request != key->request) return Refusal::other_request;
        if (known->second.result < 0) return Refusal::under_way;
        return Stored{known->second.result};
      }
      if (calls_.size() >= limits_.keys) return Refusal::full;
    }
    if (waiters_.size() >= limits_.waiting) return Refusal::waiting;
    if (key) calls_[hash] = {key->request, hash64(id), -1, to_us(clock_.now())};
    if (waiters_.empty()) first = on_waiting_;
    waiters_.emplace(id, std::move(waiter));
  }
  if (first) first();
  return Begun{};
}

std::optional<KeptCalls::Waiter> KeptCalls::withdraw(const std::optional<RequestKey>& key,
                                                     const std::string& id) {
  std::lock_guard lock(mutex_);
  if (key)
    if (const auto known = calls_.find(hash128(key->key));
        known != calls_.end() && known->second.id == hash64(id) && known->second.result < 0)
      calls_.erase(known);
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
  const Hash128 hash = hash128(key->key);
  const Call call{key->request, hash64(calls.id(event)), -1, calls.time_us(event)};
  std::lock_guard lock(mutex_);
  const auto [known, fresh] = calls_.try_emplace(hash, call);
  if (!fresh) {
    // Its result, or a later call with the same key, has been heard of already.
    if (known->second.id == call.id || known->second.time > call.time) return;
    if (known->second.result >= 0) --results_;
    known->second = call;
  }
}

void KeptCalls::result(const model::Batch& results, std::size_t event, Offset offset) {
  const std::string id(results.id(event));
  std::optional<Waiter> waiter;
  {
    std::lock_guard lock(mutex_);
    if (const auto key = request_key(results, event)) {
      const Hash128 hash = hash128(key->key);
      const Call call{key->request, hash64(id), offset, results.time_us(event)};
      const auto [known, fresh] = calls_.try_emplace(hash, call);
      const bool newer = fresh || known->second.id == call.id || known->second.time <= call.time;
      if (newer) {
        if (fresh || known->second.result < 0) ++results_;
        known->second = call;
        expiries_.push_back({call.time, hash});
      }
    }
    waiter = take(id);
  }
  if (waiter) waiter->reply(stored_response(results, event));
}

void KeptCalls::loaded() {
  std::lock_guard lock(mutex_);
  loaded_ = true;
}

// ---- time

void KeptCalls::expire() {
  const std::int64_t kept_since = to_us(clock_.now() - limits_.keep);
  for (; !expiries_.empty() && expiries_.front().time <= kept_since; expiries_.pop_front()) {
    const auto known = calls_.find(expiries_.front().key);
    if (known == calls_.end() || known->second.time != expiries_.front().time) continue;
    calls_.erase(known);
    --results_;
  }
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
  return {calls_.size() - results_, results_};
}

}  // namespace pelton::http
