// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/retry_policy.h"

#include "engine/model/histories.h"

#include <algorithm>
#include <cmath>

namespace pelton::dispatch {
namespace {

// Bounds of what a history keeps of a function's words.
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxStack = 16'384;
constexpr std::size_t kMaxType = 256;

std::string cut(const std::string& text, std::size_t most) {
  return text.substr(0, most);
}

}  // namespace

model::Attempt undecodable(const Error& why, WallTime now) {
  return {0, now, "error", why.code, cut(why.message, kMaxMessage), "", ""};
}

bool ended_a_worker(const model::RetryState& state) {
  return state.worker_kills > 0 || std::ranges::any_of(state.history, [](const auto& a) {
           return a.cause == model::kTimeout;
         });
}

void resume(model::RetryState& state, const config::Retry& retry, WallTime now) {
  state.first = std::min(state.first, now);
  // An attempt that does not count leaves no time, and waits for the first delay.
  if (state.history.empty() || state.history.back().time > state.next) {
    state.next = std::min(state.next, now + retry.first);
  } else if (const WallTime last = state.history.back().time; last > now) {
    state.next = now + (state.next - last);
  }
}

void RetryPolicy::record(model::RetryState& state, model::Attempt attempt) {
  if (state.first == WallTime{}) state.first = attempt.time;
  add_attempt(state, std::move(attempt));
}

Duration RetryPolicy::backoff(std::uint32_t attempts) {
  const double first = static_cast<double>(retry_.first.count());
  const double most = static_cast<double>(retry_.max.count());
  const double plain = std::min(most, first * std::pow(retry_.factor, attempts - 1));
  const double spread = std::uniform_real_distribution(-retry_.jitter, retry_.jitter)(random_);
  return Duration{static_cast<std::int64_t>(std::min(most, plain * (1 + spread)))};
}

// Nothing waits for an attempt that would come too late.
Verdict RetryPolicy::judge(const model::RetryState& state) const {
  if (state.worker_kills >= retry_.worker_kills) return {.dead = true, .reason = "worker_killer"};
  if (state.attempts >= retry_.attempts) return {.dead = true, .reason = "attempts"};
  if (too_late(state, state.next)) return {.dead = true, .reason = "max_age"};
  return {};
}

Verdict RetryPolicy::failed(model::RetryState& state, const model::Failure& failure,
                            const std::string& worker, WallTime now) {
  if (!failure.counts) {
    // An infrastructure fault: tried again without end, at the first delay.
    state.next = now + std::max(retry_.first, Duration{1});
    return {.dead = false, .reason = {}, .counted = false};
  }
  ++state.attempts;
  const bool final = failure.code == model::OutcomeCode::fail;
  record(state, {state.attempts, now, final ? "rejected" : "error", cut(failure.type, kMaxType),
                 cut(failure.message, kMaxMessage), cut(failure.stack, kMaxStack), worker});
  if (final) return {.dead = true, .reason = "failed"};
  state.next = now + (failure.retry_after ? std::min(*failure.retry_after, kMaxRetryAfter)
                                          : backoff(state.attempts));
  return judge(state);
}

Verdict RetryPolicy::killed(model::RetryState& state, const model::WorkerLoss& loss, WallTime now) {
  ++state.attempts;
  if (loss.cause != model::kTimeout) ++state.worker_kills;
  record(state, {state.attempts, now, loss.cause, loss.type, cut(loss.message, kMaxMessage), "",
                 loss.worker});
  state.next = now + backoff(state.attempts);
  return judge(state);
}

}  // namespace pelton::dispatch
