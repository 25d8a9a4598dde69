// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/outcome.h"

#include "engine/model/batch_builder.h"
#include "engine/worker/runtimes/lambda/record_json.h"

#include <simdjson.h>

#include <algorithm>
#include <utility>

namespace pelton::worker::lambda {
namespace {

namespace dom = simdjson::dom;
using Records = std::vector<std::string>;

constexpr const char* kInvalidReport = "InvalidBatchResponse";

std::unexpected<Error> bad_report(std::string_view why) {
  return fail(ErrorKind::invalid, kInvalidReport, "batchItemFailures {}", why);
}

model::Failure failure_of(std::uint32_t index, FunctionError&& error) {
  model::Failure failure;
  failure.index = index;
  failure.type = std::move(error.type);
  failure.message = std::move(error.message);
  failure.stack = std::move(error.stack);
  return failure;
}

model::Failure skipped(std::uint32_t index) {
  model::Failure failure;
  failure.index = index;
  failure.code = model::OutcomeCode::skipped;
  return failure;
}

// What `records` would call it; empty: it names nothing.
std::string name_of(const model::Frame& frame, const dom::element& identifier) {
  if (frame.form->shape != model::EventShape::kafka) {
    std::string_view text;
    return identifier.get(text) ? std::string() : std::string(text);
  }
  dom::object object;
  std::string_view partition;
  std::int64_t offset = 0;
  const std::string own = fmt::format("{}-{}", frame.form->topic, frame.partition.value);
  if (identifier.get(object) || object["partition"].get(partition) ||
      object["offset"].get(offset) || partition != own)
    return {};
  return std::to_string(offset);
}

// Indices in `records` that are reported, ascending.
Result<std::vector<std::uint32_t>> reported(const model::Frame& frame, const Records& records,
                                            const dom::array& items) {
  std::vector<std::uint32_t> indices;
  for (const dom::element item : items) {
    dom::object object;
    dom::element identifier;
    if (item.get(object) || object["itemIdentifier"].get(identifier))
      return bad_report("has an entry without an itemIdentifier");
    const std::string name = name_of(frame, identifier);
    if (name.empty()) return bad_report("has an itemIdentifier that names no record");
    const auto at = std::ranges::find(records, name);
    if (at == records.end())
      return bad_report(fmt::format("names {}, which was not in the batch", name));
    indices.push_back(static_cast<std::uint32_t>(at - records.begin()));
  }
  std::ranges::sort(indices);
  return indices;
}

Result<std::vector<std::uint32_t>> read_report(const model::Frame& frame, const Records& records,
                                               std::string_view answer) {
  dom::parser parser;
  dom::element document;
  if (parser.parse(answer.data(), answer.size()).get(document)) {
    // A text that never was a report; a report that was cut off must not pass for success.
    const auto begin = answer.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || answer[begin] != '{') return {};
    return fail(ErrorKind::invalid, kInvalidReport, "the response is not valid JSON");
  }
  dom::object object;
  dom::element failures;
  if (document.get(object) || object["batchItemFailures"].get(failures) || failures.is_null())
    return {};
  dom::array items;
  if (failures.get(items)) return bad_report("is not a list");
  return reported(frame, records, items);
}

std::string type_of(std::string_view answer, const std::string& given) {
  if (given.empty() || given.starts_with("application/octet-stream"))
    return is_json(answer) ? "application/json" : given;
  return given;
}

}  // namespace

void HeldBack::begin(const model::Frame& frame) {
  batch_ = frame.batch;
  order_ = frame.order;
  keys_.clear();
  all_ = false;
}

void HeldBack::failed(std::uint32_t index) {
  if (order_ == model::Order::partition) all_ = true;
  if (order_ == model::Order::key && batch_->has_key(index)) keys_.insert(batch_->key(index));
}

bool HeldBack::holds(std::uint32_t index) const {
  return all_ || (!keys_.empty() && batch_->has_key(index) && keys_.contains(batch_->key(index)));
}

model::FrameResult failed_call(const Extent& extent, FunctionError&& error) {
  model::FrameResult result;
  result.first = extent.first;
  result.count = extent.count;
  result.together = true;
  result.not_done.push_back(failure_of(extent.first, std::move(error)));
  return result;
}

model::FrameResult refused_event(std::uint32_t index, const Error& why) {
  model::FrameResult result = failed_call({index, 1}, {why.code, why.message, ""});
  result.not_done.front().code = model::OutcomeCode::fail;
  return result;
}

model::FrameResult single_result(const model::Frame& frame, std::uint32_t index,
                                 std::string_view answer, const std::string& content_type,
                                 const Maker& maker) {
  model::FrameResult result;
  result.first = index;
  result.count = 1;
  if (answer.empty() || answer == "null") return result;
  const std::string type = type_of(answer, content_type);
  const std::string source = "function/" + maker.function;
  model::EventView output;
  output.type = frame.batch->type(index);
  output.source = source;
  output.time_us = to_us(maker.now);
  output.data = answer;
  output.content_type = type;
  output.has_key = frame.batch->has_key(index);
  output.key = frame.batch->key(index);
  output.subject = frame.batch->subject(index);
  model::BatchBuilder builder;
  builder.add(output);
  result.outputs = builder.finish();
  result.output_parents.push_back(index);
  return result;
}

model::FrameResult batch_result(const model::Frame& frame, const Extent& extent,
                                const Records& records, std::string_view answer, HeldBack& held) {
  auto failed = read_report(frame, records, answer);
  if (!failed) return failed_call(extent, {failed.error().code, failed.error().message, ""});
  const bool checkpoint = frame.form->shape == model::EventShape::kinesis ||
                          frame.form->shape == model::EventShape::dynamodb;
  model::FrameResult result;
  result.first = extent.first;
  result.count = extent.count;
  for (std::uint32_t i = 0; i < extent.count; ++i) {
    const std::uint32_t index = extent.first + i;
    const bool behind = checkpoint && !failed->empty() && i > failed->front();
    if (behind || held.holds(index)) {
      result.not_done.push_back(skipped(index));
    } else if (std::ranges::binary_search(*failed, i)) {
      result.not_done.push_back(failure_of(
          index, {"BatchItemFailure", "the function reported this record as failed", ""}));
      held.failed(index);
    }
  }
  // Not even in the rest of the frame, which is a batch of its own.
  if (checkpoint && !failed->empty()) held.hold_all();
  return result;
}

}  // namespace pelton::worker::lambda
