// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/lambda/record_json.h"

#include "engine/base/base64.h"
#include "engine/base/hash.h"
#include "engine/base/json_quoted.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <simdjson.h>

#include <algorithm>
#include <set>

namespace pelton::worker::lambda {
namespace {

std::int64_t ms(WallTime time) {
  return to_us(time) / 1000;
}

std::string quoted_base64(std::string_view bytes) {
  return fmt::format("\"{}\"", to_base64(bytes));
}

// Signed, as Java sees bytes.
std::string signed_bytes(std::string_view bytes) {
  std::string out = "[";
  for (const char c : bytes)
    out += fmt::format("{}{}", out.size() > 1 ? "," : "",
                       static_cast<int>(static_cast<signed char>(c)));
  return out + "]";
}

std::vector<model::Header> headers_of(const model::Batch& batch, std::uint32_t i) {
  return batch.header_bytes(i).empty() ? std::vector<model::Header>{} : batch.headers(i);
}

std::string header(const model::Batch& batch, std::uint32_t i, std::string_view name) {
  std::string_view value;
  return batch.find_header(i, name, value) ? std::string(value) : std::string();
}

// Everything but what a URL never escapes; a space as AWS writes it.
std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~/").contains(c);
    if (plain)
      out += c;
    else if (c == ' ')
      out += '+';
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

std::string stream_shard(const Source& from) {
  return fmt::format("shardId-{:012}", from.frame.partition.value);
}

// SQS has texts only.
std::string text_or_base64(std::string_view data) {
  return is_utf8(data) ? json_quoted(data) : quoted_base64(data);
}

std::string message_attributes(const model::Batch& batch, std::uint32_t i) {
  std::string out = "{";
  for (const model::Header& one : headers_of(batch, i)) {
    if (out.size() > 1) out += ',';
    out += json_quoted(one.name);
    out +=
        is_utf8(one.value)
            ? fmt::format(R"(:{{"stringValue":{},"dataType":"String",)", json_quoted(one.value))
            : fmt::format(R"(:{{"binaryValue":{},"dataType":"Binary",)", quoted_base64(one.value));
    out += R"("stringListValues":[],"binaryListValues":[]})";
  }
  return out + "}";
}

bool removes(std::string_view type) {
  return type.find("delete") != std::string_view::npos ||
         type.find("remove") != std::string_view::npos;
}

bool is_notification(std::string_view data) {
  simdjson::dom::parser parser;
  simdjson::dom::array records;
  return !parser.parse(data.data(), data.size())["Records"].get(records);
}

void add(std::string& json, std::string_view name, std::string_view value) {
  json += fmt::format(",{}:{}", json_quoted(name), value);
}

void add_data(std::string& json, const model::Batch& batch, std::uint32_t i) {
  const std::string_view data = batch.data(i);
  const std::string_view type = batch.content_type(i);
  const bool json_data = (type.empty() || type.contains("json")) && is_json(data);
  if (!type.empty() || !json_data)
    add(json, "datacontenttype", json_quoted(type.empty() ? "application/octet-stream" : type));
  if (json_data)
    add(json, "data", data);
  else if (type.starts_with("text/") && is_utf8(data))
    add(json, "data", json_quoted(data));
  else
    add(json, "data_base64", quoted_base64(data));
}

void add_extensions(std::string& json, const model::Batch& batch, std::uint32_t i) {
  if (batch.has_key(i) && is_utf8(batch.key(i)))
    add(json, "partitionkey", json_quoted(batch.key(i)));
  std::set<std::string_view> known;
  for (const model::Header& one : headers_of(batch, i)) {
    const std::string_view name = extension_of(one.name);
    if (!name.empty() && known.insert(name).second) add(json, name, json_quoted(one.value));
  }
}

}  // namespace

std::string Source::arn(std::string_view service, std::string_view resource) const {
  return fmt::format("arn:aws:{}:{}:{}:{}", service, account.region, account.id, resource);
}

std::string milliseconds_of(WallTime time) {
  const std::string text = format_time(std::chrono::floor<std::chrono::milliseconds>(time));
  return text.contains('.') ? text : text.substr(0, text.size() - 1) + ".000Z";
}

std::string uuid_of(std::string_view name) {
  const Hash128 hash = hash128(name);
  return fmt::format("{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", hash.high >> 32,
                     (hash.high >> 16) & 0xffff, hash.high & 0xfff, 0x8000 | (hash.low >> 50),
                     hash.low & 0xffffffffffff);
}

Result<Record> kafka_record(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  const Offset offset = from.offset(i);
  std::string json = fmt::format(
      R"({{"topic":{},"partition":{},"offset":{},"timestamp":{},"timestampType":"CREATE_TIME")",
      json_quoted(from.frame.form->topic), from.frame.partition.value, offset, ms(from.time(i)));
  if (batch.has_key(i)) add(json, "key", quoted_base64(batch.key(i)));
  add(json, "value", batch.has_data(i) ? quoted_base64(batch.data(i)) : "null");
  json += ",\"headers\":[";
  bool first = true;
  for (const model::Header& one : headers_of(batch, i)) {
    json += fmt::format("{}{{{}:{}}}", first ? "" : ",", json_quoted(one.name),
                        signed_bytes(one.value));
    first = false;
  }
  return Record{json + "]}", std::to_string(offset)};
}

Result<Record> sqs_record(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  const std::string identity = idempotency_key(from.frame, i);
  const std::string id = uuid_of(identity);
  std::string json = fmt::format(
      R"({{"messageId":"{}","receiptHandle":{},"body":{},"attributes":{{)"
      R"("ApproximateReceiveCount":"{}","SentTimestamp":"{}","SenderId":{},)"
      R"("ApproximateFirstReceiveTimestamp":"{}")",
      id, quoted_base64(identity), text_or_base64(batch.data(i)), from.attempt(i), ms(from.time(i)),
      json_quoted(batch.source(i).empty() ? "pelton" : batch.source(i)), ms(from.now));
  if (batch.has_key(i)) {
    add(json, "SequenceNumber", fmt::format("\"{:020}\"", from.offset(i)));
    add(json, "MessageGroupId", text_or_base64(batch.key(i)));
    add(json, "MessageDeduplicationId", json_quoted(id));
  }
  json += fmt::format(
      R"(}},"messageAttributes":{},"eventSource":"aws:sqs","eventSourceARN":{},"awsRegion":{}}})",
      message_attributes(batch, i), json_quoted(from.arn("sqs", from.frame.form->topic)),
      json_quoted(from.account.region));
  return Record{std::move(json), id};
}

Result<Record> kinesis_record(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  const std::string sequence = fmt::format("{:021}", from.offset(i));
  const std::string stream = fmt::format("stream/{}", from.frame.form->topic);
  const std::string key = batch.has_key(i) && is_utf8(batch.key(i)) ? std::string(batch.key(i))
                          : batch.has_key(i)                        ? to_base64(batch.key(i))
                                                                    : sequence;
  return Record{
      fmt::format(
          R"({{"kinesis":{{"kinesisSchemaVersion":"1.0","partitionKey":{},"sequenceNumber":"{}",)"
          R"("data":{},"approximateArrivalTimestamp":{}.{:03}}},"eventSource":"aws:kinesis",)"
          R"("eventVersion":"1.0","eventID":"{}:{}","eventName":"aws:kinesis:record",)"
          R"("invokeIdentityArn":{},"awsRegion":{},"eventSourceARN":{}}})",
          json_quoted(key), sequence, quoted_base64(batch.data(i)), ms(from.time(i)) / 1000,
          ms(from.time(i)) % 1000, stream_shard(from), sequence,
          json_quoted(fmt::format("arn:aws:iam::{}:role/pelton", from.account.id)),
          json_quoted(from.account.region), json_quoted(from.arn("kinesis", stream))),
      sequence};
}

std::string s3_document(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  if (is_notification(batch.data(i))) return std::string(batch.data(i));
  const bool removed = removes(batch.type(i)) || !batch.has_data(i);
  const std::string name(batch.subject(i).empty() ? batch.key(i) : batch.subject(i));
  const std::string& bucket = from.frame.form->topic;
  const std::string size = header(batch, i, "size");
  const bool counted =
      !size.empty() && std::ranges::all_of(size, [](char c) { return c >= '0' && c <= '9'; });
  std::string object = fmt::format(R"({{"key":{},"sequencer":"{:016X}")",
                                   json_quoted(url_encoded(name)), from.offset(i));
  if (!removed) {
    const Hash128 hash = hash128(batch.data(i));
    add(object, "size", counted ? size : std::to_string(batch.data(i).size()));
    add(object, "eTag", fmt::format("\"{:016x}{:016x}\"", hash.high, hash.low));
  }
  return fmt::format(
      R"({{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":{},"eventTime":"{}",)"
      R"("eventName":"{}","userIdentity":{{"principalId":"pelton"}},"requestParameters":)"
      R"({{"sourceIPAddress":"127.0.0.1"}},"responseElements":{{"x-amz-request-id":"{}",)"
      R"("x-amz-id-2":"{}"}},"s3":{{"s3SchemaVersion":"1.0","configurationId":{},"bucket":)"
      R"({{"name":{},"ownerIdentity":{{"principalId":"pelton"}},"arn":{}}},"object":{}}}}}}}]}})",
      json_quoted(from.account.region), milliseconds_of(from.time(i)),
      removed ? "ObjectRemoved:Delete" : "ObjectCreated:Put",
      uuid_of(idempotency_key(from.frame, i)), uuid_of(idempotency_key(from.frame, i)),
      json_quoted(from.frame.binding), json_quoted(bucket), json_quoted("arn:aws:s3:::" + bucket),
      object);
}

std::string cloud_event(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  const std::string_view stream = from.frame.stream;
  const std::string id =
      batch.id(i).empty()
          ? fmt::format("{}/{}/{}", stream, from.frame.partition.value, from.offset(i))
          : std::string(batch.id(i));
  const std::string source =
      batch.source(i).empty() ? fmt::format("/streams/{}", stream) : std::string(batch.source(i));
  std::string json = R"({"specversion":"1.0")";
  add(json, "id", json_quoted(id));
  add(json, "source", json_quoted(source));
  add(json, "type", json_quoted(batch.type(i).empty() ? "pelton.event" : batch.type(i)));
  if (!batch.subject(i).empty()) add(json, "subject", json_quoted(batch.subject(i)));
  if (batch.time_us(i) > 0) add(json, "time", json_quoted(format_time(from_us(batch.time_us(i)))));
  add_extensions(json, batch, i);
  if (batch.has_data(i)) add_data(json, batch, i);
  return json + "}";
}

Result<std::string> raw_document(const Source& from, std::uint32_t i) {
  const model::Batch& batch = from.batch();
  const std::string_view data = batch.data(i);
  if (data.empty()) return "null";
  if (is_json(data)) return std::string(data);
  const std::string_view type = batch.content_type(i);
  if (!type.contains("json") && is_utf8(data)) return json_quoted(data);
  return fail(ErrorKind::invalid, "InvalidRequestContent",
              "the data is neither JSON nor text (content type {}), which `event: raw` requires; "
              "`event: cloudevents` delivers any data",
              type.empty() ? "not given" : type);
}

}  // namespace pelton::worker::lambda
