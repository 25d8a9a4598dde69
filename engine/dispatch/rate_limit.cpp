// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/rate_limit.h"

#include <algorithm>
#include <limits>

namespace pelton::dispatch {
namespace {

constexpr double kBucketSeconds = 0.1;
// What is nearly a token is one: sums of fractions are not exact.
constexpr double kNearly = 1e-6;

using Seconds = std::chrono::duration<double>;

}  // namespace

RateLimit::RateLimit(const std::optional<config::Rate>& rate) {
  if (!rate) return;
  rate_ = rate->per_second();
  most_ = std::max(1.0, rate_ * kBucketSeconds);
  tokens_ = most_;
}

double RateLimit::tokens(WallTime now) const {
  if (since_ == WallTime::min() || now <= since_) return tokens_;
  return std::min(most_, tokens_ + rate_ * Seconds(now - since_).count());
}

std::uint32_t RateLimit::events(WallTime now) const {
  if (rate_ == 0) return std::numeric_limits<std::uint32_t>::max();
  if (due_ && now < *due_) return 0;
  return static_cast<std::uint32_t>(tokens(now) + kNearly);
}

void RateLimit::take(std::uint32_t events, WallTime now) {
  if (rate_ == 0) return;
  tokens_ = tokens(now) - events;
  since_ = std::max(since_, now);
  due_.reset();
  if (tokens_ + kNearly >= 1) return;
  const double wanted = std::max(1.0, most_ / 2);
  due_ = since_ + std::chrono::ceil<Duration>(Seconds((wanted - tokens_) / rate_));
}

void RateLimit::give_back(std::uint32_t events) {
  if (rate_ == 0) return;
  tokens_ = std::min(most_, tokens_ + events);
  if (tokens_ + kNearly >= 1) due_.reset();
}

}  // namespace pelton::dispatch
