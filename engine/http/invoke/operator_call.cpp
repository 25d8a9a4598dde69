// SPDX-License-Identifier: Apache-2.0
#include "engine/http/invoke/operator_call.h"

#include "engine/base/utf8.h"
#include "engine/http/json_text.h"
#include "engine/http/ndjson.h"
#include "engine/http/uuid.h"
#include "engine/model/batch_builder.h"

#include <utility>

namespace pelton::http {
namespace {

// Of calls by operators: what `context.binding` and the stream are.
constexpr const char* kName = "invoke";

double in_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

Result<model::BatchPtr> event_of(const OperatorCall& wanted, bool documents, WallTime now) {
  model::BatchBuilder builder;
  if (wanted.form == OperatorCall::Form::event || !documents) {
    if (auto ok = parse_event(wanted.body, now, builder); !ok) return std::unexpected(ok.error());
    return builder.finish();
  }
  model::EventView event;
  event.source = kName;
  event.type = "invoke";
  event.content_type = "application/json";
  event.time_us = to_us(now);
  event.data = wanted.body;
  builder.add(event);
  return builder.finish();
}

// With the stream that it names.
std::string output_json(const model::Batch& outputs, std::size_t i,
                        const std::vector<std::string>& streams) {
  std::string event = event_json(outputs, i);
  if (i < streams.size() && !streams[i].empty())
    event.insert(1, fmt::format("\"stream\":{},", json_quoted(streams[i])));
  return event;
}

std::string outputs_json(const model::BatchPtr& outputs, const std::vector<std::string>& streams) {
  std::string list;
  for (std::size_t i = 0; outputs && i < outputs->size(); ++i)
    list += (list.empty() ? "" : ",") + output_json(*outputs, i, streams);
  return "[" + list + "]";
}

// A response that is not JSON is a text.
std::string response_json(const model::BatchPtr& outputs) {
  if (!outputs || outputs->size() == 0) return "null";
  const std::string_view data = outputs->data(0);
  return check_json(data) ? std::string(data) : json_quoted(data);
}

std::string error_json(const CallFailure& failure) {
  return fmt::format(
      R"({{"type":{},"message":{},"stack":{},"final":{},"retry_after_ms":{}}})",
      json_quoted(failure.type), json_quoted(failure.message), json_quoted(failure.stack),
      failure.final,
      failure.retry_after ? fmt::format("{:.0f}", in_ms(*failure.retry_after)) : "null");
}

std::string lines_json(const CallRecord& record) {
  std::string list;
  for (const CallRecord::Line& line : record.lines)
    list += fmt::format(R"({}{{"level":"{}","text":{}}})", list.empty() ? "" : ",",
                        worker::level_name(line.priority), json_quoted(line.text));
  return "[" + list + "]";
}

std::string report_json(const worker::InvocationReport& report) {
  return fmt::format(
      R"({{"request_id":{},"worker":{},"duration_ms":{:.3f},"billed_ms":{},"init_ms":{},)"
      R"("memory_limit":{},"peak_memory":{},"line":{}}})",
      json_quoted(report.invocation), json_quoted(report.worker), in_ms(report.duration),
      worker::billed_ms(report.duration),
      report.init ? fmt::format("{:.3f}", in_ms(*report.init)) : "null",
      report.memory_limit ? std::to_string(*report.memory_limit) : "null", report.peak_memory,
      json_quoted(worker::report_line(report)));
}

const char* outcome_name(const CallAnswer& answer) {
  if (answer) return "done";
  return answer.error().kind == CallFailure::Kind::timeout ? "timeout" : "failed";
}

// The function knows nothing of it.
bool not_asked(const CallAnswer& answer) {
  return !answer && (answer.error().kind == CallFailure::Kind::overloaded ||
                     answer.error().kind == CallFailure::Kind::stopping);
}

Error refusal(const std::string& function, const CallFailure& failure) {
  return {failure.kind == CallFailure::Kind::overloaded ? ErrorKind::overloaded
                                                        : ErrorKind::unavailable,
          "E5062", fmt::format("function {} was not called: {}", function, failure.message)};
}

}  // namespace

std::string to_json(const OperatorAnswer& answer) {
  const CallRecord& record = *answer.record;
  const model::BatchPtr outputs = answer.result ? *answer.result : nullptr;
  return fmt::format(
      R"({{"outcome":"{}",{},"error":{},"lines":{},"lines_dropped":{},"report":{}}})",
      outcome_name(answer.result),
      answer.documents ? "\"response\":" + response_json(outputs)
                       : "\"outputs\":" + outputs_json(outputs, record.output_streams),
      answer.result ? "null" : error_json(answer.result.error()), lines_json(record),
      record.dropped, record.report ? report_json(*record.report) : "null");
}

Result<Call> make_call(OperatorCall&& wanted, bool documents, WallTime now,
                       Answer<OperatorAnswer> answer) {
  auto event = event_of(wanted, documents, now);
  if (!event)
    return std::unexpected(
        std::move(event.error())
            .within(fmt::format("function {} takes an event as `pelton consume` prints it",
                                wanted.function)));
  Call call;
  call.function = wanted.function;
  call.binding = call.stream = kName;
  call.id = new_uuid();
  call.event = std::move(*event);
  call.deadline = wanted.deadline;
  call.record = std::make_shared<CallRecord>();
  call.answer = [function = wanted.function, id = call.id, documents, record = call.record,
                 answer = std::move(answer)](CallAnswer result) mutable {
    if (not_asked(result)) return answer(std::unexpected(refusal(function, result.error())));
    if (record->report && record->report->invocation.empty()) record->report->invocation = id;
    answer(OperatorAnswer{std::move(result), documents, std::move(record)});
  };
  return call;
}

}  // namespace pelton::http
