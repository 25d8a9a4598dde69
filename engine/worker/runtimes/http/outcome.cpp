// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/outcome.h"

#include "engine/base/utf8.h"
#include "engine/worker/runtimes/event_text.h"
#include "engine/worker/runtimes/http/azure.h"
#include "engine/worker/runtimes/http/cloud_event.h"
#include "engine/worker/runtimes/http/connection.h"
#include "engine/worker/runtimes/http/fields.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

namespace pelton::worker::http {
namespace {

// Of a body, in the message of a failure.
constexpr std::size_t kMaxMessage = 2000;

Outcome failure(model::OutcomeCode code, std::string type, std::string message) {
  Outcome outcome;
  outcome.failure.emplace();
  outcome.failure->code = code;
  outcome.failure->type = std::move(type);
  outcome.failure->message = std::move(message);
  return outcome;
}

bool is_tried_again(unsigned status) {
  return status >= 500 || status == 404 || status == 408 || status == 409 || status == 429;
}

Outcome failed_status(const Answer& answer, WallTime now) {
  const std::string* where = answer.field("location");
  std::string message = answer.status < 400 && where != nullptr
                            ? fmt::format("redirected to {}", shortened(*where, kMaxMessage))
                            : shortened(answer.body, kMaxMessage);
  Outcome outcome =
      failure(is_tried_again(answer.status) ? model::OutcomeCode::retry : model::OutcomeCode::fail,
              fmt::format("HTTP {}", answer.status), std::move(message));
  const std::string* later = answer.field("retry-after");
  if (later != nullptr && (answer.status == 429 || answer.status == 503))
    outcome.failure->retry_after = retry_after(*later, now);
  return outcome;
}

// What an output is that says nothing of itself.
Output output_of(const model::Frame& frame, std::uint32_t index, const Sender& sender,
                 WallTime now) {
  const model::Batch& batch = *frame.batch;
  Output output;
  output.type = batch.type(index);
  output.source = "function/" + sender.function.name;
  output.time_us = to_us(now);
  output.has_key = batch.has_key(index);
  output.key = batch.key(index);
  output.subject = batch.subject(index);
  return output;
}

std::string type_of(const Answer& answer) {
  const std::string* type = answer.field("content-type");
  if (type != nullptr && is_utf8(*type)) return *type;
  return is_json(answer.body) ? "application/json" : "";
}

Outcome responded(Answer&& answer, Output&& output) {
  output.id.clear();
  output.headers.push_back({":status", std::to_string(answer.status)});
  for (net::Field& field : answer.fields) {
    if (field.name == "content-type" && is_utf8(field.value))
      output.content_type = field.value;
    else if (!is_of_connection(field.name))
      output.headers.push_back(std::move(field));
  }
  output.data = std::move(answer.body);
  Outcome outcome;
  outcome.outputs.push_back(std::move(output));
  return outcome;
}

Outcome azure_outcome(const Answer& answer, const Output& like) {
  if (answer.body.empty()) return {};
  auto result = read_azure_result(answer.body);
  if (!result) return failed_exchange(result.error());
  Outcome outcome;
  outcome.logs = std::move(result->logs);
  for (AzureResult::Value& value : result->values) {
    Output& output = outcome.outputs.emplace_back(like);
    output.data = std::move(value.data);
    output.content_type = std::move(value.content_type);
    if (!value.name.empty()) output.headers.push_back({"azure-output", std::move(value.name)});
  }
  return outcome;
}

}  // namespace

std::size_t Outcome::bytes() const {
  std::size_t bytes = 0;
  for (const Output& output : outputs) bytes += output.data.size() + 256;
  return bytes;
}

Outcome outcome_of(const model::Frame& frame, std::uint32_t index, bool passed_on, Answer&& answer,
                   const Sender& sender, WallTime now) {
  Output output = output_of(frame, index, sender, now);
  if (passed_on) return responded(std::move(answer), std::move(output));
  if (answer.status >= 300) return failed_status(answer, now);
  const Options& options = sender.options;
  if (options.event == Shape::azure) {
    Outcome outcome = azure_outcome(answer, output);
    if (options.outputs != Outputs::any) outcome.outputs.clear();
    return outcome;
  }
  const bool event = is_cloud_event(answer);
  if (options.outputs == Outputs::none || (!event && options.outputs == Outputs::cloudevents) ||
      (!event && answer.body.empty()))
    return {};
  if (event) {
    if (auto ok = read_cloud_event(std::move(answer), output); !ok)
      return failed_exchange(ok.error());
  } else {
    output.content_type = type_of(answer);
    output.data = std::move(answer.body);
  }
  Outcome outcome;
  outcome.outputs.push_back(std::move(output));
  return outcome;
}

Outcome failed_exchange(const Error& error) {
  return failure(model::OutcomeCode::retry, error.code, error.message);
}

Outcome refused_event(const Error& error) {
  return failure(model::OutcomeCode::fail, error.code, error.message);
}

Outcome skipped_event() {
  return failure(model::OutcomeCode::skipped, "", "");
}

std::optional<Duration> retry_after(std::string_view text, WallTime now) {
  std::uint32_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error == std::errc{} && end == text.data() + text.size())
    return std::chrono::seconds(seconds);
  std::tm time = {};
  const std::string copy(text);
  const char* const rest = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const auto until = std::chrono::seconds(::timegm(&time)) -
                     std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return std::max<Duration>(until, Duration{0});
}

}  // namespace pelton::worker::http
