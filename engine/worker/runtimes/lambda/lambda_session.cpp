// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/lambda_session.h"

#include "engine/worker/runtimes/lambda/invocation_headers.h"
#include "engine/worker/runtimes/lambda/record_json.h"
#include "engine/worker/runtimes/lambda/trace.h"

#include <boost/asio/post.hpp>

#include <functional>
#include <utility>

namespace pelton::worker::lambda {
namespace {

std::int64_t milliseconds(WallTime time) {
  return to_us(time) / 1000;
}

// Its code is the error's type, as in AWS's own errors.
Error loop_of(const config::Function& function) {
  return {ErrorKind::invalid, "loop",
          fmt::format("the function {} has been called {} times by way of itself: what it does "
                      "calls it again",
                      function.name, kMostRounds)};
}

bool is_batch(const model::Frame& frame) {
  return frame.form != nullptr && model::is_batch(frame.form->shape);
}

}  // namespace

LambdaSession::LambdaSession(const WorkerSetup& setup)
    : io_(setup.io),
      function_(setup.function),
      worker_(setup.name),
      account_(account_of(setup.function)),
      api_(*this),
      listener_(setup.io, api_) {}

Status LambdaSession::open() {
  if (auto ok = temporary_.make(worker_); !ok) return ok;
  return listener_.open();
}

Status LambdaSession::start(SessionEvents& events, pid_t process) {
  events_ = &events;
  listener_.admit(process);
  return {};
}

// ---- frames

std::string LambdaSession::advice(std::string_view last_lines) const {
  if (!last_lines.contains("No module named awslambdaric")) return {};
  return "AWS's client for Python is not installed: `pip install awslambdaric` with the function's "
         "interpreter, or into its folder with --target (see docs/lambda.md)";
}

void LambdaSession::invoke(const model::Frame& frame) {
  frame_ = frame;
  next_ = 0;
  held_.begin(*frame_);
  step_soon();
}

void LambdaSession::soon(std::move_only_function<void()> then) {
  boost::asio::post(io_, [alive = std::weak_ptr(alive_), then = std::move(then)]() mutable {
    if (!alive.expired()) then();
  });
}

// Never within a call that came from below: an answer may bring the next frame, whose events may be
// answered at once, and so on.
void LambdaSession::step_soon() {
  soon([this] { step(); });
}

void LambdaSession::step() {
  if (!frame_ || current_ || !api_.waiting()) return;
  if (held_.holds(next_)) return skip_held();
  if (!is_batch(*frame_) && rounds(*frame_, next_, function_) >= kMostRounds)
    return refuse(loop_of(function_));
  auto document = make_document(*frame_, next_, account_, SystemClock().now());
  if (document) return hand_over(std::move(*document));
  refuse(document.error());
}

void LambdaSession::refuse(const Error& why) {
  held_.failed(next_);
  answer(refused_event(next_, why));
  step_soon();
}

void LambdaSession::skip_held() {
  model::FrameResult result;
  result.first = next_;
  for (std::uint32_t i = next_; i < frame_->batch->size() && held_.holds(i); ++i) {
    model::Failure& failure = result.not_done.emplace_back();
    failure.index = i;
    failure.code = model::OutcomeCode::skipped;
    ++result.count;
  }
  answer(std::move(result));
  step_soon();
}

void LambdaSession::hand_over(Document&& document) {
  const auto now = SystemClock().now();
  const Extent extent{next_, document.count};
  const std::string id =
      own_request_id(*frame_, next_)
          .value_or(uuid_of(fmt::format("{}#{}@{}", idempotency_key(*frame_, next_),
                                        frame_->id.value, to_us(now))));
  current_ = Current{frame_->id, extent, std::move(document.records),
                     std::chrono::steady_clock::now(), id};
  api_.invoke({id, headers(next_, extent, now), std::move(document.json)});
}

std::vector<net::Field> LambdaSession::headers(std::uint32_t index, const Extent& extent,
                                               WallTime now) const {
  std::vector<net::Field> fields{
      {"Lambda-Runtime-Deadline-Ms", std::to_string(milliseconds(now + function_.timeout))},
      {"Lambda-Runtime-Invoked-Function-Arn", function_arn(function_)},
      {"Lambda-Runtime-Trace-Id", trace_id(*frame_, index, function_, now)}};
  if (!is_batch(*frame_) && extent.count == 1)
    fields.push_back({"Lambda-Runtime-Client-Context",
                      own_client_context(*frame_, index).value_or(client_context(*frame_, index))});
  return fields;
}

std::vector<Invocation> LambdaSession::begun(std::chrono::steady_clock::time_point) {
  if (!current_) return {};
  return {{current_->frame, current_->extent.first, current_->since, current_->extent.count,
           current_->id}};
}

// ---- what the process does

void LambdaSession::asked() {
  if (!std::exchange(ready_, true)) events_->ready(false);
  if (ending_ && !frame_) return events_->at_rest();
  step_soon();
}

// Once the acknowledgement is on its way: the process asks for the next invocation meanwhile.
void LambdaSession::responded(std::string&& body, const std::string& content_type) {
  soon([this, body = std::move(body), content_type] {
    const Current& done = *current_;
    answer(is_batch(*frame_) ? batch_result(*frame_, done.extent, done.records, body, held_)
                             : single_result(*frame_, done.extent.first, body, content_type,
                                             {function_.name, SystemClock().now()}));
    current_.reset();
    step_soon();
  });
}

void LambdaSession::failed(FunctionError&& error) {
  soon([this, error = std::move(error)]() mutable {
    const Extent extent = current_->extent;
    for (std::uint32_t i = 0; i < extent.count; ++i) held_.failed(extent.first + i);
    answer(failed_call(extent, std::move(error)));
    current_.reset();
    step_soon();
  });
}

void LambdaSession::init_failed(FunctionError&& error) {
  events_->start_failed(
      error.message.empty() ? error.type : fmt::format("{}: {}", error.type, error.message),
      std::move(error.stack));
}

// A process that asks for no more is not in the middle of anything.
void LambdaSession::end_input() {
  ending_ = true;
  if (api_.waiting()) events_->at_rest();
}

void LambdaSession::answer(model::FrameResult&& result) {
  const FrameId frame = frame_->id;
  next_ = result.first + result.count;
  if (next_ == frame_->batch->size()) frame_.reset();
  events_->answered(frame, std::move(result));
}

}  // namespace pelton::worker::lambda
