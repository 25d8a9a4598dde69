// SPDX-License-Identifier: Apache-2.0
#include "engine/connector/source_host.h"

#include "engine/base/ensure.h"
#include "engine/base/hash.h"

#include <condition_variable>
#include <mutex>
#include <unordered_map>

namespace pelton::connector {

using std::chrono::steady_clock;

// Thread-safe. What the source thread waits for: commits, and the wish to stop.
class SourceHost::Commits {
 public:
  void finished(std::uint64_t sequence, Status status) {
    {
      std::lock_guard lock(mutex_);
      done_.emplace(sequence, std::move(status));
    }
    changed_.notify_one();
  }

  std::optional<Status> take(std::uint64_t sequence) {
    std::lock_guard lock(mutex_);
    const auto at = done_.find(sequence);
    if (at == done_.end()) return std::nullopt;
    Status status = std::move(at->second);
    done_.erase(at);
    return status;
  }

  // Until that commit is there or the time is over; begin_stop() ends the wait when `stop` says so.
  void wait_for(std::uint64_t sequence, TimePoint until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return stopping_ || done_.contains(sequence); });
  }
  void wait_for_even_stopping(std::uint64_t sequence, TimePoint until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return done_.contains(sequence); });
  }
  // Sleeps, unless stopping. False: stopping.
  bool sleep(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [&] { return stopping_; });
  }

  void stop(TimePoint deadline) {
    {
      std::lock_guard lock(mutex_);
      if (!stopping_ || deadline < deadline_) deadline_ = deadline;
      stopping_ = true;
    }
    changed_.notify_all();
  }
  bool stopping() const {
    std::lock_guard lock(mutex_);
    return stopping_;
  }
  TimePoint deadline() const {
    std::lock_guard lock(mutex_);
    return deadline_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, Status> done_;  // by sequence; guarded by mutex_, as are all
  bool stopping_ = false;
  TimePoint deadline_ = TimePoint::max();
};

SourceHost::SourceHost(Setup setup)
    : name_(std::move(setup.name)),
      source_(std::move(setup.source)),
      appender_(*setup.appender),
      report_(std::move(setup.report)),
      pacing_(setup.pacing),
      backoff_(pacing_.backoff_first, pacing_.backoff_max,
               static_cast<std::uint32_t>(hash64(name_))),
      refusals_(pacing_.backoff_first, pacing_.backoff_max,
                static_cast<std::uint32_t>(hash64(name_))),
      commits_(std::make_shared<Commits>()) {
  ENSURE(source_ != nullptr, "source host {} has a source", name_);
}

SourceHost::~SourceHost() {
  stop(steady_clock::now());
}

void SourceHost::start() {
  ENSURE(!thread_.joinable(), "source host {} is started once", name_);
  status_.set_state(HostState::connecting);
  thread_ = std::thread([this] { run(); });
}

void SourceHost::begin_stop(TimePoint deadline) {
  commits_->stop(deadline);
}

void SourceHost::stop(TimePoint deadline) {
  begin_stop(deadline);
  if (thread_.joinable()) thread_.join();
}

void SourceHost::run() {
  while (!commits_->stopping()) {
    const Ended ended = connect() ? pump() : Ended::stopping;
    if (ended == Ended::stopping) break;
    // Tokens belong to a connection: they are settled before it goes.
    drain(TimePoint::max());
    source_->close();
    status_.set_state(ended == Ended::failed ? HostState::failed : HostState::backing_off);
    commits_->sleep(backoff_.next());
  }
  drain(commits_->deadline());
  source_->close();
  status_.set_state(HostState::stopped);
}

// False: stopping.
bool SourceHost::connect() {
  while (!commits_->stopping()) {
    // While it has failed its state says so, until an attempt succeeds.
    if (status_.snapshot().state != HostState::failed) status_.set_state(HostState::connecting);
    const Status connected = source_->connect();
    take_warnings();
    if (connected) {
      status_.set_state(HostState::running);
      return true;
    }
    report_error(connected.error());
    status_.set_state(state_after(connected.error()));
    if (!commits_->sleep(backoff_.next())) return false;
  }
  return false;
}

SourceHost::Ended SourceHost::pump() {
  while (!commits_->stopping()) {
    settle_committed();
    if (full()) {
      commits_->wait_for(in_flight_.front().sequence, TimePoint::max());
      continue;
    }
    if (const auto ended = read()) return *ended;
  }
  return Ended::stopping;
}

bool SourceHost::full() const {
  return in_flight_.size() >= pacing_.in_flight_reads ||
         (!in_flight_.empty() && in_flight_bytes_ >= pacing_.in_flight_bytes);
}

std::optional<SourceHost::Ended> SourceHost::read() {
  const auto patience = in_flight_.empty() ? pacing_.idle_read : pacing_.busy_read;
  const Result<Read> read = source_->read(builder_, pacing_.max_events, pacing_.max_bytes,
                                          steady_clock::now() + patience);
  take_warnings();
  status_.set_facts(source_->facts());
  if (!read) return read_failed(read.error());
  backoff_.reset();
  if (builder_.empty()) return std::nullopt;
  return append(*read);
}

std::optional<SourceHost::Ended> SourceHost::read_failed(const Error& error) {
  builder_.clear();
  if (error.kind == ErrorKind::cancelled) return Ended::stopping;
  report_error(error);
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::corrupt) return Ended::lost;
  status_.set_state(HostState::backing_off);
  commits_->sleep(backoff_.next());
  status_.set_state(HostState::running);
  return std::nullopt;
}

std::optional<SourceHost::Ended> SourceHost::append(const Read& read) {
  const AckToken token = read.token;
  const std::size_t events = builder_.size();
  const model::BatchPtr batch = builder_.finish();
  Backoff room(pacing_.room_first, pacing_.room_max, static_cast<std::uint32_t>(token));
  while (!commits_->stopping()) {
    const std::uint64_t sequence = next_sequence_++;
    const Status taken = appender_.append(
        batch, read.position,
        [commits = commits_, sequence](Status status) {
          commits->finished(sequence, std::move(status));
        },
        steady_clock::now() + pacing_.idle_read);
    if (taken) {
      in_flight_.push_back({token, sequence, events, batch->bytes().size()});
      in_flight_bytes_ += batch->bytes().size();
      status_.set_state(HostState::running);
      return std::nullopt;
    }
    if (taken.error().kind == ErrorKind::cancelled) break;
    report_error(taken.error());
    if (taken.error().kind == ErrorKind::invalid) {
      drain(TimePoint::max());
      settle(token, Settlement::retry_later);
      return Ended::failed;
    }
    status_.set_state(HostState::backing_off);
    settle_committed();
    commits_->sleep(room.next());
  }
  drain(commits_->deadline());
  settle(token, Settlement::retry_later);
  return Ended::stopping;
}

void SourceHost::settle_committed() {
  bool refused = false;
  while (!in_flight_.empty()) {
    const InFlight first = in_flight_.front();
    const std::optional<Status> committed = commits_->take(first.sequence);
    if (!committed) break;
    in_flight_.pop_front();
    in_flight_bytes_ -= first.bytes;
    if (*committed) {
      status_.add_done(first.events, first.bytes);
      refusals_.reset();
    } else {
      report_error(committed->error());
      refused = true;
    }
    settle(first.token, *committed ? Settlement::done : Settlement::retry_later);
  }
  // What was refused comes again.
  if (refused) commits_->sleep(refusals_.next());
}

void SourceHost::settle(AckToken token, Settlement how) {
  const Status settled = source_->settle(token, how);
  if (!settled) report_error(settled.error());
}

// Settles all that is in flight, each once its commit is known; a stop shortens the deadline.
void SourceHost::drain(TimePoint deadline) {
  while (!in_flight_.empty()) {
    const std::uint64_t sequence = in_flight_.front().sequence;
    commits_->wait_for(sequence, deadline);
    if (commits_->stopping())
      commits_->wait_for_even_stopping(sequence, std::min(deadline, commits_->deadline()));
    const std::size_t before = in_flight_.size();
    settle_committed();
    if (in_flight_.size() == before) break;
  }
  for (const InFlight& late : in_flight_) settle(late.token, Settlement::retry_later);
  in_flight_.clear();
  in_flight_bytes_ = 0;
  take_warnings();
}

void SourceHost::take_warnings() {
  for (const std::string& warning : source_->take_warnings()) {
    status_.add_error(warning);
    if (report_) report_(warning);
  }
}

void SourceHost::report_error(const Error& error) {
  const std::string text = error.text();
  // The same failure again and again is counted, not repeated in the log.
  const bool repeated = status_.snapshot().last_error == text;
  status_.add_error(text);
  if (report_ && !repeated) report_(text);
}

}  // namespace pelton::connector
