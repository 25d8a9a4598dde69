// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/call_queue.h"

#include <utility>

namespace pelton::http {
namespace {

// Bindings have the numbers below it.
constexpr BindingId kNoBinding{0xff'ffff};
// How exactly deadlines are kept, and how often callers that wait are asked whether they are there.
constexpr std::chrono::milliseconds kLook{20};
constexpr int kLooksPerQuestion = 10;

CallFailure failure_of(const model::Failure& failure) {
  return {CallFailure::Kind::function,
          failure.type,
          failure.message,
          failure.stack,
          failure.code == model::OutcomeCode::fail,
          failure.retry_after};
}

CallFailure failure_of(const model::WorkerLoss& loss) {
  if (loss.cause == "timeout") return {CallFailure::Kind::timeout, loss.type, loss.message};
  if (loss.cause == "engine") return {CallFailure::Kind::stopping, loss.type, loss.message};
  return {CallFailure::Kind::function, "WorkerCrashed",
          fmt::format("worker {} ended ({}) {}", loss.worker, loss.type, loss.message)};
}

std::vector<std::string> named_streams(const model::FrameResult& result) {
  std::vector<std::string> names;
  for (const std::uint32_t number : result.output_streams)
    names.push_back(number == 0 ? std::string() : result.streams[number - 1]);
  return names;
}

CallFailure stopping() {
  return {CallFailure::Kind::stopping, "Stopping", "the engine is stopping"};
}

CallFailure no_worker(const Call& call) {
  return {CallFailure::Kind::overloaded, "Overloaded",
          fmt::format("all workers of function {} are busy", call.function)};
}

}  // namespace

CallQueue::CallQueue(thread::Mailbox& mailbox, boost::asio::io_context& io, CallLimits limits)
    : limits_(limits), mailbox_(mailbox), timer_(io) {}

CallQueue::~CallQueue() = default;

void CallQueue::push(Call&& call) {
  if (closed_) return call.answer(std::unexpected(stopping()));
  if (waiting_.size() >= limits_.calls ||
      (!waiting_.empty() && waiting_bytes_ + call.event->memory() > limits_.bytes))
    return call.answer(std::unexpected(CallFailure{
        CallFailure::Kind::overloaded, "Overloaded",
        fmt::format("{} requests wait for function {}", waiting_.size(), call.function)}));
  waiting_bytes_ += call.event->memory();
  waiting_.emplace(next_number_++, std::move(call));
  look_soon();
  if (on_work_) on_work_();
}

void CallQueue::close() {
  closed_ = true;
  for (auto& [number, call] : std::exchange(waiting_, {})) call.answer(std::unexpected(stopping()));
  waiting_bytes_ = 0;
}

// ---- what is heard of calls

CallRecord* CallQueue::record_of(FrameId frame) {
  const auto at = taken_.find(frame);
  return at == taken_.end() ? nullptr : at->second.call.record.get();
}

void CallQueue::wrote(const worker::WorkerLine& line) {
  CallRecord* record = record_of(line.frame);
  if (line.frame == FrameId{} && line.stream != worker::WorkerLine::Stream::engine &&
      !waiting_.empty())
    record = waiting_.begin()->second.record.get();
  if (record != nullptr) record->wrote(line);
}

void CallQueue::reported(const worker::InvocationReport& report) {
  CallRecord* record = record_of(report.frame);
  if (record != nullptr) record->report = report;
}

// ---- what workers do

std::optional<model::Frame> CallQueue::pull(WorkerId worker, const model::FrameLimits&) {
  if (waiting_.empty()) return std::nullopt;
  const auto first = waiting_.begin();
  const std::uint64_t number = first->first;
  Call call = std::move(first->second);
  waiting_.erase(first);
  waiting_bytes_ -= call.event->memory();
  model::Frame frame;
  frame.id = FrameId{model::first_frame_of(kNoBinding).value + number};
  frame.binding = *names_.insert(call.binding).first;
  frame.stream = *names_.insert(call.stream).first;
  frame.watched = call.record != nullptr;
  frame.base = static_cast<Offset>(number);
  frame.order = model::Order::none;
  frame.batch = call.event;
  frame.idempotency_keys = {call.id};
  taken_.emplace(frame.id, Taken{std::move(call), worker, false});
  return frame;
}

Status CallQueue::finished(WorkerId worker, FrameId frame, model::FrameResult&& result) {
  const auto at = taken_.find(frame);
  if (at == taken_.end() || at->second.worker != worker) return {};  // its caller has been answered
  if (result.first != 0 || result.count != 1)
    return fail(ErrorKind::invalid, "E3003", "the worker answered {} events of a call from {} on",
                result.count, result.first);
  Call call = std::move(at->second.call);
  taken_.erase(at);
  if (call.record) call.record->output_streams = named_streams(result);
  if (result.not_done.empty())
    call.answer(std::move(result.outputs));
  else
    call.answer(std::unexpected(failure_of(result.not_done.front())));
  return {};
}

void CallQueue::gave_back(WorkerId worker, FrameId frame, std::uint32_t first) {
  const auto at = taken_.find(frame);
  if (first != 0 || at == taken_.end() || at->second.worker != worker) return;
  Call call = std::move(at->second.call);
  taken_.erase(at);
  wait_again(std::move(call));
}

void CallQueue::had_begun(WorkerId worker, FrameId frame) {
  const auto at = taken_.find(frame);
  if (at != taken_.end() && at->second.worker == worker) at->second.begun = true;
}

void CallQueue::lost(WorkerId worker, const model::WorkerLoss& loss) {
  for (auto at = taken_.begin(); at != taken_.end();) {
    if (at->second.worker != worker) {
      ++at;
      continue;
    }
    const bool begun = at->second.begun || loss.frame == at->first;
    Call call = std::move(at->second.call);
    at = taken_.erase(at);
    if (begun)
      call.answer(std::unexpected(failure_of(loss)));
    else
      wait_again(std::move(call));
  }
}

void CallQueue::cannot_start(const std::string& why) {
  waiting_bytes_ = 0;
  for (auto& [number, call] : std::exchange(waiting_, {}))
    call.answer(
        std::unexpected(CallFailure{CallFailure::Kind::function, "WorkerCannotStart", why}));
}

// Behind those that came since: its number is its frame's, and a frame is not given twice.
void CallQueue::wait_again(Call&& call) {
  if (closed_) return call.answer(std::unexpected(stopping()));
  waiting_bytes_ += call.event->memory();
  waiting_.emplace(next_number_++, std::move(call));
  if (on_work_)
    mailbox_.post([this] {
      if (on_work_) on_work_();
    });
}

// ---- time

void CallQueue::look_soon() {
  if (std::exchange(looking_, true)) return;
  timer_.after(kLook, [this] {
    looking_ = false;
    look();
  });
}

void CallQueue::look() {
  const Time now = std::chrono::steady_clock::now();
  answer_overdue(now);
  if (!waiting_.empty() && next_question_-- == 0) {
    next_question_ = kLooksPerQuestion;
    ask_callers();
  }
  if (!waiting_.empty() || !taken_.empty()) look_soon();
}

void CallQueue::answer_overdue(Time now) {
  const auto late = [](Call& call) {
    call.answer(std::unexpected(
        CallFailure{CallFailure::Kind::timeout, "Timeout", "the call was not answered in time"}));
  };
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool not_begun = at->second.begin_by && *at->second.begin_by <= now;
    if (at->second.deadline > now && !not_begun) {
      ++at;
      continue;
    }
    waiting_bytes_ -= at->second.event->memory();
    Call call = std::move(at->second);
    at = waiting_.erase(at);
    not_begun ? call.answer(std::unexpected(no_worker(call))) : late(call);
  }
  for (auto at = taken_.begin(); at != taken_.end();) {
    if (at->second.call.deadline > now) {
      ++at;
      continue;
    }
    Call call = std::move(at->second.call);
    at = taken_.erase(at);
    late(call);
  }
}

// The answer comes on the transport's thread.
void CallQueue::ask_callers() {
  for (const auto& [number, call] : waiting_)
    if (call.connection)
      call.connection->read([to = mailbox_.sender(), connection = call.connection, this,
                             number](const Result<std::string>&) {
        if (connection->end().abandoned) to.post([this, number] { drop(number); });
      });
}

void CallQueue::drop(std::uint64_t number) {
  const auto at = waiting_.find(number);
  if (at == waiting_.end()) return;
  waiting_bytes_ -= at->second.event->memory();
  Call call = std::move(at->second);
  waiting_.erase(at);
  call.answer(std::unexpected(
      CallFailure{CallFailure::Kind::timeout, "Abandoned", "the client has disconnected"}));
}

}  // namespace pelton::http
