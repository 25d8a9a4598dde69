// SPDX-License-Identifier: Apache-2.0
#include "engine/base/base64.h"
#include "engine/base/json_quoted.h"
#include "engine/worker/runtimes/lambda/record_json.h"

#include <simdjson.h>

namespace pelton::worker::lambda {
namespace {

namespace dom = simdjson::dom;

std::string typed(const dom::element& value);

std::string typed_members(const dom::object& object) {
  std::string out = "{";
  for (const auto& [name, value] : object)
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json_quoted(name), typed(value));
  return out + "}";
}

std::string typed_list(const dom::array& array) {
  std::string out = "[";
  for (const dom::element value : array) out += (out.size() > 1 ? "," : "") + typed(value);
  return out + "]";
}

// An attribute value, as DynamoDB types it.
std::string typed(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::OBJECT:
      return fmt::format("{{\"M\":{}}}", typed_members(dom::object(value)));
    case dom::element_type::ARRAY:
      return fmt::format("{{\"L\":{}}}", typed_list(dom::array(value)));
    case dom::element_type::STRING:
      return fmt::format("{{\"S\":{}}}", json_quoted(std::string_view(value)));
    case dom::element_type::BOOL:
      return fmt::format("{{\"BOOL\":{}}}", bool(value));
    case dom::element_type::NULL_VALUE:
      return "{\"NULL\":true}";
    default:
      return fmt::format("{{\"N\":\"{}\"}}", simdjson::minify(value));
  }
}

// What changed. Empty images are absent.
struct Change {
  std::string name = "INSERT";
  std::string old_image, new_image;
};

std::string image(const dom::object& from, std::string_view name) {
  dom::object row;
  return from[name].get(row) ? std::string() : typed_members(row);
}

// Debezium's envelope, with or without a schema around it.
bool read_envelope(dom::object object, Change& change) {
  dom::object payload;
  if (!object["payload"].get(payload)) object = payload;
  std::string_view op;
  if (object["op"].get(op)) return false;
  change.old_image = image(object, "before");
  change.new_image = image(object, "after");
  change.name = op == "d" ? "REMOVE" : op == "u" ? "MODIFY" : "INSERT";
  return true;
}

std::string keys_of(const Source& from, std::uint32_t i) {
  if (!from.batch().has_key(i)) return "{}";
  const std::string_view key = from.batch().key(i);
  dom::parser parser;
  dom::object object;
  if (!parser.parse(key.data(), key.size()).get(object)) {
    dom::object payload;
    return typed_members(object["payload"].get(payload) ? object : payload);
  }
  return fmt::format("{{\"key\":{{\"S\":{}}}}}", json_quoted(key));
}

Record record_of(const Source& from, std::uint32_t i, const Change& change) {
  const std::string sequence = fmt::format("{:021}", from.offset(i));
  std::string images;
  if (!change.new_image.empty()) images += ",\"NewImage\":" + change.new_image;
  if (!change.old_image.empty()) images += ",\"OldImage\":" + change.old_image;
  const std::string table =
      fmt::format("table/{}/stream/2012-08-10T00:00:00.000", from.frame.form->topic);
  return {
      fmt::format(
          R"({{"eventID":"{}","eventName":"{}","eventVersion":"1.1","eventSource":"aws:dynamodb",)"
          R"("awsRegion":{},"dynamodb":{{"ApproximateCreationDateTime":{},"Keys":{}{},)"
          R"("SequenceNumber":"{}","SizeBytes":{},"StreamViewType":"NEW_AND_OLD_IMAGES"}},)"
          R"("eventSourceARN":{}}})",
          uuid_of(idempotency_key(from.frame, i)), change.name, json_quoted(from.account.region),
          to_us(from.time(i)) / 1'000'000, keys_of(from, i), images, sequence,
          from.batch().data(i).size(), json_quoted(from.arn("dynamodb", table))),
      sequence};
}

}  // namespace

Result<Record> dynamodb_record(const Source& from, std::uint32_t i) {
  const std::string_view data = from.batch().data(i);
  Change change;
  if (!from.batch().has_data(i)) {
    change.name = "REMOVE";
    return record_of(from, i, change);
  }
  dom::parser parser;
  dom::object object;
  if (parser.parse(data.data(), data.size()).get(object))
    return fail(ErrorKind::invalid, "InvalidRequestContent",
                "the data is not a JSON object, which `event: dynamodb` requires");
  std::string_view sequence;
  dom::object written;
  if (!object["dynamodb"].get(written) && !written["SequenceNumber"].get(sequence))
    return Record{std::string(data), std::string(sequence)};
  if (!read_envelope(object, change)) change.new_image = typed_members(object);
  return record_of(from, i, change);
}

}  // namespace pelton::worker::lambda
