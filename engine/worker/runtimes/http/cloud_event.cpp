// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/runtimes/http/cloud_event.h"

#include "engine/base/base64.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/worker/runtimes/event_text.h"
#include "engine/worker/runtimes/http/fields.h"

#include <simdjson.h>

#include <utility>

namespace pelton::worker::http {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kPrefix = "ce-";
constexpr std::string_view kFormats = "application/cloudevents";

std::unexpected<Error> no_event(std::string_view why) {
  return fail(ErrorKind::invalid, kMalformed, "the answer is not a CloudEvent: {}", why);
}

std::string media_type(const Answer& answer) {
  const std::string* type = answer.field("content-type");
  if (type == nullptr) return {};
  std::string media = lower_case(std::string_view(*type).substr(0, type->find(';')));
  while (media.ends_with(' ')) media.pop_back();
  return media;
}

// The event as its attributes come, and whether those that must be there have been.
class Reader {
 public:
  explicit Reader(Output& into) : into_(into) {}

  Status set(std::string_view name, std::string value) {
    if (!is_attribute(name) || !is_utf8(value))
      return no_event(fmt::format("the attribute {}", to_utf8(name)));
    if (name == "specversion") {
      version_ = std::move(value);
    } else if (name == "time") {
      const auto time = parse_time(value);
      if (!time) return no_event(fmt::format("time: {}", time.error().message));
      into_.time_us = to_us(*time);
    } else if (std::string* const own = attribute(name)) {
      *own = std::move(value);
    } else {
      if (name == "partitionkey") {
        into_.key = value;
        into_.has_key = true;
      }
      into_.headers.push_back({std::string(name), std::move(value)});
    }
    return {};
  }

  Status end() const {
    if (version_ != "1.0") return no_event("specversion is not 1.0");
    for (const auto& [name, value] :
         {std::pair("id", &into_.id), {"source", &into_.source}, {"type", &into_.type}})
      if (value->empty()) return no_event(fmt::format("{} is missing or empty", name));
    return {};
  }

 private:
  std::string* attribute(std::string_view name) {
    if (name == "id") return &into_.id;
    if (name == "source") return &into_.source;
    if (name == "type") return &into_.type;
    if (name == "subject") return &into_.subject;
    return name == "datacontenttype" ? &into_.content_type : nullptr;
  }

  Output& into_;
  std::string version_;
};

// The quotes of a quoted string are undone, then one round of percent-encoding.
bool decode(std::string_view value, std::string& out) {
  std::string plain;
  if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
    return net::percent_decode(value, out);
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    plain += value[i];
  }
  return net::percent_decode(plain, out);
}

Status read_binary(Answer&& answer, Output& into) {
  Reader reader(into);
  into.content_type.clear();
  for (const net::Field& field : answer.fields) {
    if (field.name == "content-type") into.content_type = field.value;
    if (!field.name.starts_with(kPrefix)) continue;
    std::string value;
    if (!decode(field.value, value)) return no_event(fmt::format("{}: broken escape", field.name));
    const auto name = std::string_view(field.name).substr(kPrefix.size());
    if (name == "datacontenttype") continue;
    if (auto ok = reader.set(name, std::move(value)); !ok) return ok;
  }
  into.has_data = !answer.body.empty() || !into.content_type.empty();
  into.data = std::move(answer.body);
  return reader.end();
}

Status read_member(const dom::key_value_pair& member, Reader& reader) {
  std::string_view text;
  if (member.value.is_null()) return {};
  if (!member.value.get(text)) return reader.set(member.key, std::string(text));
  if (member.value.is_array() || member.value.is_object())
    return no_event(fmt::format("{} is not a text, a number or a boolean", member.key));
  return reader.set(member.key, simdjson::minify(member.value));
}

bool is_document_type(std::string_view type) {
  return type.empty() || type.contains("json");
}

Status read_data(const dom::object& object, Output& into) {
  dom::element data;
  std::string_view text;
  into.has_data = true;
  if (!object["data_base64"].get(data)) {
    if (data.get(text) || !from_base64(text, into.data)) return no_event("data_base64");
  } else if (!object["data"].get(data)) {
    const bool document = data.get(text) || is_document_type(into.content_type);
    into.data = document ? simdjson::minify(data) : std::string(text);
    if (into.content_type.empty()) into.content_type = "application/json";
  } else {
    into.has_data = false;
  }
  return {};
}

Status read_structured(const Answer& answer, Output& into) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(answer.body.data(), answer.body.size()).get(object))
    return no_event("it is not a JSON object");
  Reader reader(into);
  into.content_type.clear();
  for (const dom::key_value_pair& member : object)
    if (member.key != "data" && member.key != "data_base64")
      if (auto ok = read_member(member, reader); !ok) return ok;
  if (auto ok = read_data(object, into); !ok) return ok;
  return reader.end();
}

}  // namespace

bool is_cloud_event(const Answer& answer) {
  return answer.field("ce-specversion") != nullptr || answer.field("ce-id") != nullptr ||
         media_type(answer).starts_with(kFormats);
}

Status read_cloud_event(Answer&& answer, Output& into) {
  into.id.clear();
  into.source.clear();
  into.type.clear();
  const std::string type = media_type(answer);
  if (type == "application/cloudevents+json") return read_structured(answer, into);
  if (type.starts_with(kFormats))
    return no_event(fmt::format("{} is not supported", to_utf8(type)));
  return read_binary(std::move(answer), into);
}

}  // namespace pelton::worker::http
