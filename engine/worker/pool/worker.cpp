// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker.h"

#include "engine/base/units.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace pelton::worker {
namespace {

// Between the end of a worker's connection and its own, whichever comes first.
constexpr auto kSilentGrace = std::chrono::milliseconds(500);
// How long a worker without frames may take to end by itself.
constexpr auto kEndGrace = std::chrono::seconds(2);

}  // namespace

Worker::Worker(boost::asio::io_context& io, const config::Function& function, WorkerId worker,
               WorkerEvents& events, const LineListener& lines, const ReportListener& reported)
    : id(worker),
      name(fmt::format("{}-{}", function.name, worker.value)),
      function_(function),
      events_(events),
      io_(io),
      voice_(function_, name, in_flight_, lines, reported),
      silence_(io) {}

Status Worker::start(const RuntimeSpec& runtime, const std::filesystem::path& sdks,
                     const sandbox::Places& places, ZygoteKeeper& zygotes) {
  start_.timeout =
      runtime.start_timeout ? runtime.start_timeout(function_) : function_.start_timeout;
  start_.begun = idle_since_ = Clock::now();
  pace_.moved(start_.begun);
  process_ = runtime.process(io_, *this);
  start_.process.emplace(WorkerStart::Parts{*process_, session_, *this},
                         WorkerSetup{io_, function_, name, sdks, places}, runtime, zygotes);
  const auto settled = [this](const Status& status) {
    const bool unwanted = state_ == State::ending;
    if (!status && !unwanted) start_error_ = status.error().message;
    if (!start_.process->speaks()) return exited();
    if (!status) return kill("crash", start_error_);
    if (unwanted) session_->end_input();
  };
  return start_.process->begin({[this] { return state_ != State::ending; }, settled});
}

std::size_t Worker::room() const {
  return state_ == State::running && !retiring_ ? session_->room() : 0;
}

void Worker::give(model::Frame&& frame, std::size_t source) {
  if (in_flight_.empty()) pace_.moved(Clock::now());
  session_->invoke(frame);
  in_flight_.add(std::move(frame), source);
}

void Worker::retire(Clock::time_point now) {
  if (!std::exchange(retiring_, true)) idle_since_ = now;
  if (in_flight_.empty() && state_ != State::ending) end_input();
}

void Worker::end_input() {
  state_ = State::ending;
  ending_since_ = Clock::now();
  if (start_.process->speaks()) session_->end_input();
}

void Worker::kill(std::string cause, std::string type) {
  if (process_->has_exited()) return;
  if (type_.empty()) {
    cause_ = std::move(cause);
    type_ = std::move(type);
  }
  state_ = State::ending;
  // Where it is at is of interest when it takes too long.
  if (cause_ == "timeout")
    process_->kill_with_stack();
  else
    process_->kill();
}

bool Worker::overdue(Clock::time_point now, Duration timeout) {
  if (in_flight_.empty()) return false;
  const auto begun = session_->begun(now);
  if (begun.empty()) return pace_.idle(now) >= timeout;
  return std::ranges::any_of(begun, [&](const Invocation& one) {
    return pace_.of(one, now) >= timeout && !session_->cancel(one);
  });
}

void Worker::gave_back(const Tail& tail) {
  const auto source = in_flight_.source_of(tail.frame);
  if (gone_ == Gone::trust || !source) return;
  const bool whole = in_flight_.cut(tail);
  if (in_flight_.empty()) idle_since_ = Clock::now();
  if (retiring_ && in_flight_.empty() && state_ == State::running) end_input();
  events_.gave_back(*this, *source, tail, whole);
}

void Worker::look_after(Clock::time_point now, Clock::duration stood_still,
                        std::optional<Duration> patience) {
  if (stood_still > Clock::duration::zero())
    pace_.stood_still(now, stood_still, session_->begun(now));
  if (state_ == State::starting) start_.begun = std::min(start_.begun + stood_still, now);
  ending_since_ = std::min(ending_since_ + stood_still, now);
  process_->tell_dropped(now);
  if (state_ == State::starting && now - start_.begun >= start_.timeout) {
    start_error_ = "not ready after " + format_duration(start_.timeout);
    kill("crash", start_error_);
  }
  if (state_ == State::ending && in_flight_.empty() && type_.empty() &&
      now - ending_since_ >= kEndGrace)
    kill("engine", "did not end when told");
  if (!patience || in_flight_.unanswered_events() < 2) return;
  for (const Tail& tail : session_->take_back(now, *patience)) gave_back(tail);
}

void Worker::ready(bool whole_frames) {
  was_ready_ = true;
  if (state_ != State::starting) return;
  state_ = State::running;
  idle_since_ = Clock::now();
  start_.process->went(true);
  voice_.ready(idle_since_ - start_.begun, process_->memory_bytes());
  events_.ready(*this, whole_frames);
}

void Worker::start_failed(std::string why, std::string stack) {
  start_error_ = std::move(why);
  if (!stack.empty()) start_error_ += "\n" + stack;
  retiring_ = true;
  end_input();
}

void Worker::answered(FrameId frame, model::FrameResult&& result) {
  const auto source = in_flight_.source_of(frame);
  if (gone_ == Gone::trust || !source) return;
  const auto now = Clock::now();
  const auto took = pace_.moved(now);
  voice_.answered(frame, result, took, *session_, *process_);
  const std::uint32_t events = result.count;
  const auto failed = static_cast<std::uint32_t>(std::ranges::count_if(
      result.not_done, [](const auto& one) { return one.code != model::OutcomeCode::skipped; }));
  if (!events_.answered(*this, *source, frame, std::move(result)))
    return broken("a result that contradicts its frame");
  const bool whole = in_flight_.cover(frame, events);
  events_done_ += events;
  if (in_flight_.empty()) idle_since_ = now;
  if (retiring_ && in_flight_.empty() && state_ == State::running) end_input();
  events_.moved_on(*this, *source, {events, failed, whole, took});
}

void Worker::broken(std::string what) {
  gone_ = Gone::trust;
  voice_.tell(WorkerLine::Stream::engine, what, session_.get());
  kill("crash", "protocol error: " + what);
}

void Worker::logged(std::string_view line) {
  voice_.tell(WorkerLine::Stream::out, line, session_.get());
}

// Either the worker has ended and its exit status follows, or it continues without its connection
// and cannot be trusted any more. Or all is read that it sent before it ended.
void Worker::hung_up() {
  if (gone_ == Gone::process) return silence_.after(Duration{0}, [this] { events_.ended(*this); });
  gone_ = Gone::connection;
  if (state_ == State::ending && in_flight_.empty()) return;
  silence_.after(kSilentGrace, [this] { kill("crash", "closed its socket"); });
}

void Worker::at_rest() {
  kill("engine", "ended when it was idle");
}

void Worker::wrote(bool standard_error, std::string_view line) {
  voice_.tell(standard_error ? WorkerLine::Stream::err : WorkerLine::Stream::out, line,
              session_.get());
}

void Worker::exited() {
  if (type_.empty()) type_ = process_->ending();
  state_ = State::ending;
  // What it answered may not be read yet.
  if (in_flight_.empty() || gone_ != Gone::nothing) return events_.ended(*this);
  gone_ = Gone::process;
  silence_.after(kSilentGrace, [this] { events_.ended(*this); });
}

WorkerEnd Worker::end() {
  WorkerEnd end;
  end.start_error = start_error_;
  model::WorkerLoss& loss = end.loss;
  loss.worker = name;
  loss.cause = cause_;
  loss.type = type_;
  loss.message = process_->last_lines();
  if (!was_ready()) end.advice = session_->advice(loss.message);
  if (!in_flight_.empty()) voice_.ended(loss, pace_.idle(Clock::now()), *session_);
  if (cause_ == "engine") return end;
  if (!was_ready() && (!retiring_ || !start_error_.empty())) start_.process->went(false);
  const auto begun = session_->begun(Clock::now());
  std::ranges::copy_if(begun, std::back_inserter(end.unfinished), [this](const Invocation& one) {
    return in_flight_.unanswered(std::span(&one, 1)).has_value();
  });
  if (cause_ == "crash" && end.unfinished.size() > 1) return end;
  if (!end.unfinished.empty()) {
    const Invocation& blamed = end.unfinished.front();
    loss.frame = blamed.frame;
    if (blamed.count == 1) loss.index = blamed.index;
  } else if (!session_->hands_over_one_by_one()) {
    loss.frame = in_flight_.head();
  }
  return end;
}

WorkerInfo Worker::info(Clock::time_point now) const {
  const char* state = state_ == State::starting ? "starting"
                      : state_ == State::ending ? "stopping"
                      : in_flight_.empty()      ? "idle"
                                                : "busy";
  return {name,
          std::max(0, process_->pid()),
          state,
          events_done_,
          std::chrono::duration_cast<std::chrono::milliseconds>(now - start_.begun),
          process_->memory_bytes()};
}

}  // namespace pelton::worker
