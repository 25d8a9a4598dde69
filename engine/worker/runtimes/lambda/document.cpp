// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/document.h"

#include "engine/base/base64.h"
#include "engine/base/ensure.h"
#include "engine/base/json_quoted.h"
#include "engine/worker/runtimes/lambda/record_json.h"
#include "engine/worker/runtimes/lambda/runtime_api.h"

#include <algorithm>

namespace pelton::worker::lambda {
namespace {

// AWS's bound of a client context.
constexpr std::size_t kLongestKey = 1024;

std::unexpected<Error> too_large() {
  return fail(ErrorKind::invalid, "RequestEntityTooLarge",
              "the event is larger than the {} bytes that an invocation takes", kMaxPayload);
}

struct Frame {
  std::string before, after;
};

Frame around(const Source& from) {
  if (from.frame.form->shape != model::EventShape::kafka) return {"{\"Records\":[", "]}"};
  const model::EventForm& form = *from.frame.form;
  return {
      fmt::format(R"({{"eventSource":"SelfManagedKafka","bootstrapServers":{},"records":{{{}:[)",
                  json_quoted(form.brokers),
                  json_quoted(fmt::format("{}-{}", form.topic, from.frame.partition.value))),
      "]}}"};
}

Result<Record> record(const Source& from, std::uint32_t i) {
  switch (from.frame.form->shape) {
    case model::EventShape::kafka:
      return kafka_record(from, i);
    case model::EventShape::sqs:
      return sqs_record(from, i);
    case model::EventShape::kinesis:
      return kinesis_record(from, i);
    default:
      return dynamodb_record(from, i);
  }
}

Result<Document> batch_document(const Source& from, std::uint32_t first) {
  const Frame frame = around(from);
  Document document{frame.before, 0, {}};
  for (std::uint32_t i = first; i < from.batch().size(); ++i) {
    auto next = record(from, i);
    // One that cannot be delivered has a document, and an end, of its own.
    if (!next && document.count == 0) return std::unexpected(next.error());
    if (!next) break;
    if (document.json.size() + next->json.size() + frame.after.size() + 1 > kMaxPayload) break;
    if (document.count > 0) document.json += ',';
    document.json += next->json;
    document.records.push_back(std::move(next->name));
    ++document.count;
  }
  if (document.count == 0) return too_large();
  document.json += frame.after;
  return document;
}

Result<std::string> single_document(const Source& from, std::uint32_t i) {
  const auto shape = from.frame.form == nullptr ? model::EventShape::raw : from.frame.form->shape;
  if (shape == model::EventShape::s3) return s3_document(from, i);
  if (shape == model::EventShape::cloudevents) return cloud_event(from, i);
  return raw_document(from, i);
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

Result<Document> make_document(const model::Frame& frame, std::uint32_t first,
                               const Account& account, WallTime now) {
  const Source from{frame, account, now};
  if (frame.form != nullptr && model::is_batch(frame.form->shape))
    return batch_document(from, first);
  auto json = single_document(from, first);
  if (!json) return std::unexpected(json.error());
  if (json->size() > kMaxPayload) return too_large();
  return Document{std::move(*json), 1, {}};
}

std::string client_context(const model::Frame& frame, std::uint32_t index) {
  const model::Batch& batch = *frame.batch;
  const std::string identity = idempotency_key(frame, index);
  std::string json =
      fmt::format(R"({{"custom":{{"stream":{},"partition":"{}","offset":"{}","attempt":"{}")",
                  json_quoted(frame.stream), frame.partition.value, frame.base + batch.delta(index),
                  frame.attempts.empty() ? 1 : frame.attempts[index]);
  if (printable(identity)) json += ",\"idempotency_key\":" + json_quoted(identity);
  if (const auto key = batch.key(index); batch.has_key(index) && key.size() <= kLongestKey)
    json += printable(key) ? ",\"key\":" + json_quoted(key)
                           : fmt::format(R"(,"key_base64":"{}")", to_base64(key));
  return json + "}}";
}

}  // namespace pelton::worker::lambda
