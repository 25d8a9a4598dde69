// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/sink_host.h"

#include "engine/base/ensure.h"
#include "engine/base/hash.h"
#include "engine/connector/lane_guard.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pelton::connector {
namespace {

model::Failure to_failure(const SinkFailure& failure, bool lane_failed) {
  model::Failure out;
  out.index = static_cast<std::uint32_t>(failure.index);
  out.type = failure.error.code.empty() ? to_string(failure.error.kind) : failure.error.code;
  out.message = failure.error.message;
  switch (failure.error.kind) {
    case ErrorKind::invalid:
      out.code = model::OutcomeCode::fail;
      break;
    case ErrorKind::overloaded:
      // "Skipped" promises an earlier failure of the lane; without one it would be offered again at
      // once.
      out.code = lane_failed ? model::OutcomeCode::skipped : model::OutcomeCode::retry;
      out.counts = false;
      break;
    case ErrorKind::unavailable:
    case ErrorKind::cancelled:
      out.counts = false;
      break;
    case ErrorKind::corrupt:
      break;
  }
  return out;
}

// Only the events of dead letters have keys of their own here.
SinkPosition position_of(const model::Frame& frame) {
  const std::string_view letter = frame.key_prefix.empty() && !frame.idempotency_keys.empty()
                                      ? std::string_view(frame.idempotency_keys.front())
                                      : std::string_view();
  return {frame.stream,     frame.partition, frame.base,   frame.order,
          frame.key_prefix, letter,          frame.settled};
}

}  // namespace

SinkHost::SinkHost(Setup setup)
    : name_(std::move(setup.name)),
      sink_(std::move(setup.sink)),
      finished_(std::move(setup.finished)),
      returned_(std::move(setup.returned)),
      report_(std::move(setup.report)),
      backoff_(setup.pacing.backoff_first, setup.pacing.backoff_max,
               static_cast<std::uint32_t>(hash64(name_))) {
  ENSURE(sink_ != nullptr, "sink host {} has a sink", name_);
}

SinkHost::~SinkHost() {
  stop();
}

void SinkHost::start() {
  ENSURE(!thread_.joinable(), "sink host {} runs already", name_);
  {
    std::lock_guard lock(mutex_);
    stopping_ = false;
    waiting_.clear();
    taken_ = 0;
    release_ = false;
  }
  status_.set_state(HostState::connecting);
  thread_ = std::thread([this] { run(); });
}

bool SinkHost::offer(model::Frame&& frame) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || taken_ >= kCredit) return false;
    ++taken_;
    waiting_.push_back(std::move(frame));
  }
  changed_.notify_all();
  return true;
}

std::size_t SinkHost::credit() const {
  std::lock_guard lock(mutex_);
  return stopping_ ? 0 : kCredit - taken_;
}

void SinkHost::release() {
  {
    std::lock_guard lock(mutex_);
    release_ = true;
  }
  changed_.notify_all();
}

void SinkHost::begin_stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  sink_->hurry();
}

void SinkHost::stop() {
  begin_stop();
  if (thread_.joinable()) thread_.join();
}

void SinkHost::run() {
  at_hand_.reset();
  // Connects before the first frame, so that a wrong set-up shows in status at once.
  bool works = connect();
  while (works) {
    const std::optional<model::Frame> frame = next();
    if (!frame) break;
    works = deliver(*frame);
  }
  sink_->close();
  status_.set_state(HostState::stopped);
}

std::optional<model::Frame> SinkHost::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  if (stopping_) return std::nullopt;
  model::Frame frame = std::move(waiting_.front());
  waiting_.pop_front();
  return frame;
}

// False: stopping; the frame is not answered.
bool SinkHost::deliver(const model::Frame& frame) {
  at_hand_ = frame.id;
  while (connected_ || connect()) {
    if (!at_hand_) return true;
    auto written = sink_->write(*frame.batch, position_of(frame));
    if (written) {
      backoff_.reset();
      answer(frame, std::move(*written));
      return true;
    }
    report_error(written.error());
    sink_->close();
    connected_ = false;
    status_.set_state(state_after(written.error()));
    if (!wait(backoff_.next())) return false;
  }
  return false;
}

bool SinkHost::connect() {
  while (!stopping()) {
    // While it has failed its state says so, until an attempt succeeds.
    if (status_.snapshot().state != HostState::failed) status_.set_state(HostState::connecting);
    const Status connected = sink_->connect();
    if (connected) {
      connected_ = true;
      status_.set_state(HostState::running);
      return true;
    }
    report_error(connected.error());
    status_.set_state(state_after(connected.error()));
    if (!wait(backoff_.next())) return false;
  }
  return false;
}

// False: stopping.
bool SinkHost::wait(std::chrono::milliseconds time) {
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [&] { return stopping_ || release_; });
    if (stopping_) return false;
    if (!std::exchange(release_, false)) return true;
  }
  give_back();
  return true;
}

void SinkHost::give_back() {
  std::vector<FrameId> frames;
  {
    std::lock_guard lock(mutex_);
    if (at_hand_) frames.push_back(*at_hand_);
    for (const model::Frame& frame : waiting_) frames.push_back(frame.id);
    waiting_.clear();
    taken_ -= frames.size();
  }
  at_hand_.reset();
  if (!returned_) return;
  for (const FrameId frame : frames) returned_(frame);
}

bool SinkHost::stopping() const {
  std::lock_guard lock(mutex_);
  return stopping_;
}

void SinkHost::answer(const model::Frame& frame, std::vector<SinkFailure> failures) {
  std::ranges::sort(failures, {}, &SinkFailure::index);
  model::FrameResult result;
  result.count = static_cast<std::uint32_t>(frame.batch->size());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < frame.batch->size(); ++i) bytes += frame.batch->data(i).size();
  LaneGuard lanes(*frame.batch, frame.order);
  for (auto failure = failures.begin(); failure != failures.end(); ++failure) {
    ENSURE(failure->index < result.count, "sink {} lists events of the batch", name_);
    const bool lane_failed = lanes.blocked(failure->index);
    lanes.failed(failure->index);
    bytes -= frame.batch->data(failure->index).size();
    result.not_done.push_back(to_failure(*failure, lane_failed));
    if (result.not_done.back().code != model::OutcomeCode::skipped) report_error(failure->error);
  }
  status_.add_done(result.count - result.not_done.size(), bytes);
  {
    std::lock_guard lock(mutex_);
    --taken_;
  }
  at_hand_.reset();
  if (finished_) finished_(frame.id, std::move(result));
}

void SinkHost::report_error(const Error& error) {
  const std::string text = error.text();
  // The same failure again and again is counted, not repeated in the log.
  const bool repeated = status_.snapshot().last_error == text;
  status_.add_error(text);
  if (report_ && !repeated) report_(text);
}

}  // namespace pelton::connector
