// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/call_records.h"

#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/http/json_text.h"
#include "engine/http/lambda/error.h"
#include "engine/model/batch_builder.h"

#include <fmt/format.h>

#include <utility>

namespace pelton::runtime {
namespace {

// A payload or an answer; what is not JSON is a text.
std::string json_of(std::string_view data) {
  if (data.empty()) return "null";
  return http::check_json(data) ? std::string(data) : json_quoted(data);
}

// With three digits of milliseconds, as AWS writes it.
std::string timestamp(WallTime time) {
  const std::string text = format_time(std::chrono::floor<std::chrono::milliseconds>(time));
  return text.contains('.') ? text : text.substr(0, text.size() - 1) + ".000Z";
}

struct Outcome {
  std::string_view condition;
  std::uint32_t attempts = 1;
  std::string response;      // JSON
  std::string_view error{};  // empty: none
};

std::string record_json(const std::string& arn, const model::Batch& event, const Outcome& outcome,
                        WallTime now) {
  const std::string error =
      outcome.error.empty() ? "" : fmt::format(",\"functionError\":\"{}\"", outcome.error);
  return fmt::format(
      R"({{"version":"1.0","timestamp":{},"requestContext":{{"requestId":{},"functionArn":{},)"
      R"("condition":"{}","approximateInvokeCount":{}}},"requestPayload":{},)"
      R"("responseContext":{{"statusCode":200,"executedVersion":"$LATEST"{}}},)"
      R"("responsePayload":{}}})",
      json_quoted(timestamp(now)), json_quoted(event.id(0)), json_quoted(arn + ":$LATEST"),
      outcome.condition, outcome.attempts, json_of(event.data(0)), error, outcome.response);
}

// Named like its call, so that a reader can tell a repetition.
model::BatchPtr record_event(const model::Batch& call, const std::string& arn,
                             const std::string& json, WallTime now) {
  model::EventView event;
  event.id = call.id(0);
  event.source = arn;
  event.type = "lambda.invocation.record";
  event.content_type = "application/json";
  event.time_us = to_us(now);
  event.data = json;
  model::BatchBuilder builder;
  builder.add(event);
  return builder.finish();
}

http::FunctionFault fault_of(std::string_view id, const model::Attempt& attempt, Duration timeout) {
  if (attempt.cause == "timeout") return http::timed_out(id, timeout);
  if (attempt.cause == "crash") return http::exited(id, attempt.type);
  return {attempt.type, attempt.message};
}

// Of a call that failed for good; null without an attempt.
std::string error_json(const model::DeadLetter& letter, Duration timeout) {
  if (letter.retry.history.empty()) return "null";
  const auto [type, message] = fault_of(letter.event->id(0), letter.retry.history.back(), timeout);
  return fmt::format(R"({{"errorMessage":{},"errorType":{}}})", json_quoted(message),
                     json_quoted(type));
}

}  // namespace

void CallRecords::done(const Given& given, model::FrameResult& result, WallTime now) {
  if (!setup_.on_success) return;
  const std::string answer =
      result.outputs && result.outputs->size() > 0 ? json_of(result.outputs->data(0)) : "null";
  result.outputs = record_event(
      *given.event, setup_.arn,
      record_json(setup_.arn, *given.event, {"Success", given.attempt, answer}, now), now);
  result.output_parents.clear();
  result.output_streams.clear();
}

void CallRecords::settle(model::Transaction& transaction) {
  if (!setup_.on_failure) return;
  for (const model::DeadLetter& letter : transaction.dead_letters) {
    // One that failed again after a replay has its record.
    if (letter.replays > 0) continue;
    const std::string_view condition =
        letter.reason == "max_age" ? "EventAgeExceeded" : "RetriesExhausted";
    const std::string json = record_json(
        setup_.arn, *letter.event,
        {condition, letter.retry.attempts, error_json(letter, setup_.timeout), "Unhandled"},
        letter.time);
    const PartitionId partition{next_partition_++ % setup_.on_failure->partitions};
    transaction.appends.push_back({{setup_.on_failure->stream, partition},
                                   record_event(*letter.event, setup_.arn, json, letter.time)});
  }
}

}  // namespace pelton::runtime
