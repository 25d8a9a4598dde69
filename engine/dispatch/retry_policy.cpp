// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/retry_policy.h"

#include <algorithm>
#include <cmath>

namespace pelton::dispatch {
namespace {

constexpr std::string_view kTimeout = "timeout";  // cause of an attempt or a loss

// Bounds of what a history keeps of a function's words.
constexpr std::size_t kMaxMessage = 4096;
constexpr std::size_t kMaxStack = 16'384;

std::string cut(const std::string& text, std::size_t most) {
  return text.substr(0, most);
}

}  // namespace

bool ended_a_worker(const model::RetryState& state) {
  return state.worker_kills > 0 ||
         std::ranges::any_of(state.history, [](const auto& a) { return a.cause == kTimeout; });
}

void RetryPolicy::record(model::RetryState& state, model::Attempt attempt) {
  if (state.first == WallTime{}) state.first = attempt.time;
  state.history.push_back(std::move(attempt));
  if (state.history.size() > model::kMaxHistory) state.history.erase(state.history.begin());
}

Duration RetryPolicy::backoff(std::uint32_t attempts) {
  const double first = static_cast<double>(retry_.first.count());
  const double most = static_cast<double>(retry_.max.count());
  const double plain = std::min(most, first * std::pow(retry_.factor, attempts - 1));
  const double spread = std::uniform_real_distribution(-retry_.jitter, retry_.jitter)(random_);
  return Duration{static_cast<std::int64_t>(std::min(most, plain * (1 + spread)))};
}

Verdict RetryPolicy::judge(const model::RetryState& state, WallTime now) const {
  if (state.worker_kills >= kMaxWorkerKills) return {true, "worker_killer"};
  if (state.attempts >= retry_.attempts) return {true, "attempts"};
  if (retry_.max_age && now - state.first >= *retry_.max_age) return {true, "max_age"};
  return {};
}

Verdict RetryPolicy::failed(model::RetryState& state, const model::Failure& failure,
                            const std::string& worker, WallTime now) {
  if (!failure.counts) {
    // An infrastructure fault: tried again without end, at the first delay.
    state.next = now + std::max(retry_.first, Duration{1});
    return {};
  }
  ++state.attempts;
  const bool final = failure.code == model::OutcomeCode::fail;
  record(state, {state.attempts, now, final ? "rejected" : "error", failure.type,
                 cut(failure.message, kMaxMessage), cut(failure.stack, kMaxStack), worker});
  if (final) return {true, "failed"};
  state.next = now + (failure.retry_after ? std::min(*failure.retry_after, kMaxRetryAfter)
                                          : backoff(state.attempts));
  return judge(state, now);
}

Verdict RetryPolicy::killed(model::RetryState& state, const model::WorkerLoss& loss, WallTime now) {
  ++state.attempts;
  if (loss.cause != kTimeout) ++state.worker_kills;
  record(state, {state.attempts, now, loss.cause, loss.type, cut(loss.message, kMaxMessage), "",
                 loss.worker});
  state.next = now + backoff(state.attempts);
  return judge(state, now);
}

}  // namespace pelton::dispatch
