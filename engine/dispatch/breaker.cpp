// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/breaker.h"

#include <fmt/format.h>

#include <algorithm>

namespace pelton::dispatch {
namespace {

// Over which the rate of failures is taken.
constexpr Duration kSpan = std::chrono::seconds(10);
constexpr std::size_t kMaxError = 200;

}  // namespace

void Breaker::succeeded(std::uint64_t events, std::uint64_t failed, const model::Failure* why,
                        WallTime now) {
  if (events == 0) return;
  last_done_ = now;
  in_a_row_ = 0;
  if (open()) close();
  if (!options_.rate) return;
  count(events, failed, now);
  if (why != nullptr && rate_exceeded()) trip(*why, now);
}

void Breaker::gave_up(const Key& key, WallTime since) {
  if (options_.failures == 0 || key.second == 0 || last_done_ < since) return;
  // Keys that never come again would stay: those that do are learned again.
  if (bad_.size() >= kMostBadKeys) bad_.clear();
  bad_.insert(key);
}

void Breaker::failed(const Key& key, bool first, const model::Failure& why, WallTime now) {
  // What was given before a pause says nothing new.
  if (options_.failures == 0 || state_ == State::paused) return;
  if (state_ == State::probing) {
    if (!first || ++probes_ >= options_.failures) pause(now);
    return;
  }
  if (!first || bad_.contains(key)) return;
  if (options_.rate) count(0, 1, now);
  if (++in_a_row_ >= options_.failures || rate_exceeded()) trip(why, now);
}

void Breaker::count(std::uint64_t done, std::uint64_t failed, WallTime now) {
  if (now - span_began_ >= kSpan) {
    span_began_ = now;
    span_done_ = span_failed_ = 0;
  }
  span_done_ += done;
  span_failed_ += failed;
}

bool Breaker::rate_exceeded() const {
  return options_.rate && options_.failures > 0 && span_failed_ >= options_.failures &&
         static_cast<double>(span_failed_) >=
             *options_.rate * static_cast<double>(span_failed_ + span_done_);
}

void Breaker::trip(const model::Failure& why, WallTime now) {
  ++opened_;
  last_error_ = fmt::format("{}: {}", why.type, why.message).substr(0, kMaxError);
  pause(now);
}

void Breaker::pause(WallTime now) {
  const auto doubled = options_.first * (std::int64_t{1} << std::min(pauses_, 20U));
  ++pauses_;
  probes_ = 0;
  until_ = now + std::min(doubled, options_.max);
  state_ = State::paused;
}

void Breaker::pass(WallTime now) {
  if (state_ == State::paused && now >= until_) state_ = State::probing;
}

void Breaker::close() {
  state_ = State::closed;
  pauses_ = 0;
  in_a_row_ = 0;
  span_done_ = span_failed_ = 0;
  last_error_.clear();
}

}  // namespace pelton::dispatch
