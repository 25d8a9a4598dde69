// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/azure.h"

#include "engine/base/base64.h"
#include "engine/base/hash.h"
#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/worker/runtimes/event_text.h"

#include <fmt/format.h>
#include <simdjson.h>

namespace pelton::worker::http {
namespace {

namespace dom = simdjson::dom;

std::string text_of(std::string_view data) {
  return is_utf8(data) ? json_quoted(data) : fmt::format("\"{}\"", to_base64(data));
}

void add(std::string& json, std::string_view name, std::string_view value) {
  if (!json.ends_with('{')) json += ',';
  json += fmt::format("{}:{}", json_quoted(name), value);
}

std::string headers_of(const model::Batch& batch, std::uint32_t index) {
  std::string json = "{";
  if (!batch.header_bytes(index).empty())
    for (const model::Header& one : batch.headers(index)) add(json, one.name, text_of(one.value));
  return json + "}";
}

std::string metadata(const model::Frame& frame, std::uint32_t i, std::string_view function,
                     WallTime now) {
  const model::Batch& batch = *frame.batch;
  const Offset offset = frame.base + batch.delta(i);
  const Hash128 hash = hash128(idempotency_key(frame, i));
  std::string json = "{";
  add(json, "Id",
      batch.id(i).empty() ? json_quoted(idempotency_key(frame, i)) : text_of(batch.id(i)));
  add(json, "DequeueCount", std::to_string(frame.attempts.empty() ? 1 : frame.attempts[i]));
  if (batch.time_us(i) > 0)
    add(json, "InsertionTime", json_quoted(format_time(from_us(batch.time_us(i)))));
  add(json, "Topic", json_quoted(frame.stream));
  add(json, "Partition", std::to_string(frame.partition.value));
  add(json, "Offset", std::to_string(offset));
  if (batch.has_key(i)) add(json, "Key", text_of(batch.key(i)));
  if (!batch.content_type(i).empty()) add(json, "ContentType", text_of(batch.content_type(i)));
  add(json, "Headers", headers_of(batch, i));
  add(json, "sys",
      fmt::format(
          R"({{"MethodName":{},"UtcNow":{},"RandGuid":"{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}"}})",
          json_quoted(function), json_quoted(format_time(now)), hash.high >> 32,
          (hash.high >> 16) & 0xffff, hash.high & 0xfff, 0x8000 | (hash.low >> 50),
          hash.low & 0xffffffffffff));
  return json + "}";
}

void take_value(AzureResult& result, std::string_view name, const dom::element& value) {
  if (value.is_null()) return;
  std::string_view text;
  if (!value.get(text)) {
    const bool document = is_json(text);
    result.values.push_back({std::string(name), std::string(text),
                             document ? "application/json" : "text/plain; charset=utf-8"});
  } else {
    result.values.push_back({std::string(name), simdjson::minify(value), "application/json"});
  }
}

std::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorKind::invalid, "MalformedAnswer", "the answer {}", why);
}

}  // namespace

std::string azure_invocation(const model::Frame& frame, std::uint32_t index,
                             std::string_view function, std::string_view trigger, WallTime now) {
  const model::Batch& batch = *frame.batch;
  return fmt::format(R"({{"Data":{{{}:{}}},"Metadata":{}}})", json_quoted(trigger),
                     batch.has_data(index) ? text_of(batch.data(index)) : "null",
                     metadata(frame, index, function, now));
}

Result<AzureResult> read_azure_result(std::string_view body) {
  dom::parser parser;
  dom::element document;
  dom::object object;
  if (parser.parse(body.data(), body.size()).get(document) || document.get(object))
    return malformed("is not a JSON object");
  AzureResult result;
  dom::element member;
  if (!object["Logs"].get(member) && !member.is_null()) {
    dom::array logs;
    if (member.get(logs)) return malformed("has Logs that are not a list");
    for (const dom::element line : logs) {
      std::string_view text;
      result.logs.push_back(line.get(text) ? simdjson::minify(line) : std::string(text));
    }
  }
  if (!object["ReturnValue"].get(member)) take_value(result, "", member);
  if (!object["Outputs"].get(member) && !member.is_null()) {
    dom::object outputs;
    if (member.get(outputs)) return malformed("has Outputs that are not an object");
    for (const dom::key_value_pair& output : outputs) take_value(result, output.key, output.value);
  }
  return result;
}

}  // namespace pelton::worker::http
