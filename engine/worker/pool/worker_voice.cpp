// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/pool/worker_voice.h"

#include <algorithm>
#include <utility>

namespace pelton::worker {
namespace {

// Looking at a process's memory costs some microseconds.
constexpr auto kMemoryLook = std::chrono::seconds(1);

// The call that a result ends: what the session says of it, if it says anything.
Invocation call_of(FrameId frame, const model::FrameResult& result, Session& session) {
  const auto now = std::chrono::steady_clock::now();
  for (Invocation& one : session.begun(now))
    if (one.frame == frame && one.index == result.first && one.count == result.count)
      return std::move(one);
  return {frame, result.first, now, result.count};
}

}  // namespace

void WorkerVoice::ready(Clock::duration after, std::uint64_t memory) {
  init_ = after;
  peak_memory_ = memory;
}

void WorkerVoice::tell(WorkerLine::Stream stream, std::string_view text, Session* session) {
  has_written_ |= stream != WorkerLine::Stream::engine;
  const Invocation at = at_hand(session);
  const std::string event = at.count == 1 ? in_flight_.place(at) : std::string();
  lines_({function_.name, worker_, stream, text, event, at.id, at.frame});
}

// With several at once nobody can tell whose line it is.
Invocation WorkerVoice::at_hand(Session* session) const {
  if (answering_) return *answering_;
  if (session == nullptr || in_flight_.empty()) return {};
  const auto begun = session->begun(Clock::now());
  if (begun.size() == 1) return begun.front();
  return begun.empty() ? in_flight_.single().value_or(Invocation{}) : Invocation{};
}

// What it wrote before it answered is in the pipe when the answer is here.
void WorkerVoice::answered(FrameId frame, const model::FrameResult& result, Clock::duration took,
                           Session& session, Process& process) {
  if (!has_written_ && !function_.takes_documents && !in_flight_.watched(frame)) return;
  const Invocation invocation = call_of(frame, result, session);
  answering_ = invocation;
  process.read_output();
  answering_.reset();
  if (!wants_report(invocation)) return;
  look_at_memory(process);
  InvocationReport report = report_of(invocation, took);
  if (!result.not_done.empty() && result.not_done.front().code != model::OutcomeCode::skipped) {
    report.status = "error";
    report.error_type = result.not_done.front().type;
  }
  reported_(report);
}

void WorkerVoice::ended(const model::WorkerLoss& loss, Clock::duration took, Session& session) {
  const auto begun = session.begun(Clock::now());
  const auto blamed = in_flight_.unanswered(begun);
  const Invocation invocation = blamed ? *blamed : in_flight_.single().value_or(Invocation{});
  if (loss.cause == "engine" || !wants_report(invocation)) return;
  InvocationReport report = report_of(invocation, took);
  report.status = loss.cause;
  report.error_type = loss.type;
  reported_(report);
}

// Of a function that takes documents only what has an id was an invocation.
bool WorkerVoice::wants_report(const Invocation& invocation) const {
  return function_.takes_documents ? !invocation.id.empty() : in_flight_.watched(invocation.frame);
}

void WorkerVoice::look_at_memory(const Process& process) {
  const auto now = Clock::now();
  if (now - looked_ < kMemoryLook) return;
  looked_ = now;
  peak_memory_ = std::max(peak_memory_, process.memory_bytes());
}

InvocationReport WorkerVoice::report_of(const Invocation& invocation, Clock::duration took) {
  InvocationReport report;
  report.function = function_.name;
  report.worker = worker_;
  if (invocation.count == 1) report.event = in_flight_.place(invocation);
  report.invocation = invocation.id;
  report.frame = invocation.frame;
  report.duration = took;
  report.init = std::exchange(init_, std::nullopt);
  report.memory_limit = function_.memory_bytes;
  report.peak_memory = peak_memory_;
  return report;
}

}  // namespace pelton::worker
