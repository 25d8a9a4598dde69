// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ingest/cloud_events.h"

#include "engine/base/base64.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"
#include "engine/http/exchange.h"
#include "engine/http/json_text.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace pelton::http {
namespace {

constexpr std::string_view kFormats = "application/cloudevents";

template <typename... Args>
std::unexpected<Error> bad_event(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::invalid, "E7065", format, std::forward<Args>(args)...);
}

bool attribute_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

bool json_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.empty() || type == "application/json" || type == "text/json" ||
         type.ends_with("+json");
}

// An event as its attributes come; owns the texts that the view refers to.
class Attributes {
 public:
  Status set(std::string_view name, std::string value) {
    if (!attribute_name(name))
      return bad_event("\"{}\" is not an attribute's name: lower-case letters and digits", name);
    if (name == "specversion") {
      version_ = std::move(value);
      return {};
    }
    if (name == "time") return set_time(value);
    const std::string_view kept = texts_.emplace_back(std::move(value));
    if (name == "id")
      event_.id = kept;
    else if (name == "source")
      event_.source = kept;
    else if (name == "type")
      event_.type = kept;
    else if (name == "subject")
      event_.subject = kept;
    else if (name == "datacontenttype")
      event_.content_type = kept;
    else
      set_extension(texts_.emplace_back(name), kept);
    return {};
  }

  void content_type(std::string_view type) { event_.content_type = texts_.emplace_back(type); }
  void data(std::string_view bytes) { event_.data = bytes; }
  void own_data(std::string bytes) { event_.data = texts_.emplace_back(std::move(bytes)); }
  void no_data() { event_.has_data = false; }
  std::string_view type_of_data() const { return event_.content_type; }

  Status add_to(const EventSink& into) {
    if (version_ != "1.0")
      return version_.empty() ? bad_event("the attribute specversion is missing")
                              : bad_event("specversion is \"{}\", not 1.0", version_);
    for (const auto& [name, value] :
         {std::pair("id", event_.id), {"source", event_.source}, {"type", event_.type}})
      if (value.empty()) return bad_event("the attribute {} is missing or empty", name);
    if (event_.time_us == 0) event_.time_us = to_us(into.now);
    if (into.key != nullptr) {
      event_.key = *into.key;
      event_.has_key = true;
    }
    return into.add(event_);
  }

 private:
  Status set_time(const std::string& value) {
    const auto time = parse_time(value);
    if (!time) return bad_event("time: {}", time.error().message);
    event_.time_us = to_us(*time);
    return {};
  }

  void set_extension(std::string_view name, std::string_view value) {
    event_.headers.push_back({name, value});
    if (name != "partitionkey") return;
    event_.key = value;
    event_.has_key = true;
  }

  std::deque<std::string> texts_;
  std::string version_;
  model::EventView event_;
};

// A header's value: the quotes of a quoted string are undone, then one round of percent-encoding.
Result<std::string> header_text(std::string_view name, std::string_view value) {
  std::string plain;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    for (std::size_t i = 1; i + 1 < value.size(); ++i) {
      if (value[i] == '\\' && i + 2 < value.size()) ++i;
      plain += value[i];
    }
  } else {
    plain = value;
  }
  std::string text;
  if (!net::percent_decode(plain, text)) return bad_event("{}: broken percent-encoding", name);
  if (!is_utf8(text)) return bad_event("{}: not UTF-8", name);
  return text;
}

// An attribute in JSON is a text, a number or a boolean.
Result<std::string> attribute_text(const JsonMember& member) {
  if (is_json_string(member.value)) return json_string(member.value);
  if (member.value.starts_with('{') || member.value.starts_with('['))
    return bad_event("{} must be a text, a number or a boolean", member.name);
  return std::string(member.value);
}

Status set_data(Attributes& event, const JsonMember* data, const JsonMember* encoded) {
  if (data != nullptr && encoded != nullptr) return bad_event("it has both data and data_base64");
  if (encoded != nullptr) {
    std::string bytes;
    if (!is_json_string(encoded->value) || !from_base64(json_string(encoded->value), bytes))
      return bad_event("data_base64 is not base64");
    event.own_data(std::move(bytes));
  } else if (data == nullptr) {
    event.no_data();
  } else if (is_json_string(data->value) && !json_type(event.type_of_data())) {
    event.own_data(json_string(data->value));
  } else {
    if (event.type_of_data().empty()) event.content_type("application/json");
    event.data(data->value);
  }
  return {};
}

// Of a text that check_json() found good.
Status add_object(std::string_view text, const EventSink& into) {
  const auto members = json_members(text);
  if (!members) return bad_event("{}", members.error().what);
  Attributes event;
  const JsonMember* data = nullptr;
  const JsonMember* encoded = nullptr;
  for (const JsonMember& member : *members) {
    if (member.name == "data") {
      data = &member;
    } else if (member.name == "data_base64") {
      encoded = &member;
    } else if (member.value != "null") {
      auto value = attribute_text(member);
      if (!value) return std::unexpected(value.error());
      if (auto ok = event.set(member.name, std::move(*value)); !ok) return ok;
    }
  }
  if (auto ok = set_data(event, data, encoded); !ok) return ok;
  return event.add_to(into);
}

Status check(std::string_view body) {
  if (const auto good = check_json(body); !good)
    return bad_event("the body is not JSON: byte {}: {}", good.error().at + 1, good.error().what);
  return {};
}

}  // namespace

CloudEventMode cloud_event_mode(const net::Request& request) {
  const std::string* content_type = request.header("Content-Type");
  const std::string type = content_type == nullptr ? std::string() : media_type(*content_type);
  if (type == "application/cloudevents+json") return CloudEventMode::structured;
  if (type == "application/cloudevents-batch+json") return CloudEventMode::batch;
  if (type.starts_with(kFormats)) return CloudEventMode::unknown;
  return request.header("ce-specversion") != nullptr || request.header("ce-id") != nullptr
             ? CloudEventMode::binary
             : CloudEventMode::none;
}

Status add_binary(const net::Request& request, std::string_view body, const EventSink& into) {
  Attributes event;
  for (const net::Field& field : request.headers) {
    if (field.name.size() <= 3 || !net::same_name(std::string_view(field.name).substr(0, 3), "ce-"))
      continue;
    auto value = header_text(field.name, field.value);
    if (!value) return std::unexpected(value.error());
    std::string name = lower_case(std::string_view(field.name).substr(3));
    if (name == "datacontenttype")
      return bad_event("ce-datacontenttype: the header Content-Type names the type of the data");
    if (auto ok = event.set(name, std::move(*value)); !ok) return ok;
  }
  const std::string* type = request.header("Content-Type");
  if (type != nullptr) event.content_type(*type);
  body.empty() && type == nullptr ? event.no_data() : event.data(body);
  return event.add_to(into);
}

Status add_structured(std::string_view body, const EventSink& into) {
  if (auto ok = check(body); !ok) return ok;
  return add_object(body, into);
}

Status add_batch(std::string_view body, const EventSink& into) {
  if (auto ok = check(body); !ok) return ok;
  const auto events = json_elements(body, kMaxIngestEvents);
  if (!events) return bad_event("the batch is invalid: {}", events.error().what);
  for (std::size_t i = 0; i < events->size(); ++i)
    if (auto ok = add_object((*events)[i], into); !ok)
      return std::unexpected(std::move(ok.error()).within(fmt::format("event {}", i + 1)));
  return {};
}

}  // namespace pelton::http
