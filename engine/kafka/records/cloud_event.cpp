// SPDX-License-Identifier: Apache-2.0
// CloudEvents 1.0, JSON event format, as a record's value.
#include "engine/base/base64.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/kafka/records/record_decoder.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace pelton::kafka {
namespace {

struct Attributes {
  std::string id, source, type, subject, content_type, data;
  std::optional<WallTime> time;
  bool has_data = false;
  std::vector<std::pair<std::string, std::string>> extensions;  // as headers: "ce_<name>", text
};

constexpr std::array<std::string_view, 9> kKnown{"specversion", "id",      "source",
                                                 "type",        "subject", "datacontenttype",
                                                 "time",        "data",    "data_base64"};

std::vector<std::pair<std::string, std::string>> extensions_of(const simdjson::dom::object& event) {
  std::vector<std::pair<std::string, std::string>> extensions;
  for (const auto& [name, value] : event) {
    if (std::ranges::find(kKnown, name) != kKnown.end() || value.is_null()) continue;
    std::string_view text;
    extensions.emplace_back("ce_" + std::string(name),
                            value.get(text) ? simdjson::minify(value) : std::string(text));
  }
  return extensions;
}

bool text_of(const simdjson::dom::object& event, const char* name, std::string& out) {
  std::string_view text;
  if (event[name].get(text)) return false;
  out = text;
  return !out.empty();
}

bool data_of(const simdjson::dom::object& event, Attributes& out) {
  simdjson::dom::element data;
  std::string_view base64;
  if (!event["data_base64"].get(base64)) {
    if (!from_base64(base64, out.data)) return false;
    out.has_data = true;
  } else if (!event["data"].get(data) && !data.is_null()) {
    std::string_view text;
    const bool json =
        out.content_type.empty() || out.content_type.find("json") != std::string::npos;
    // JSON data stays JSON; of any other content type a text is the data itself.
    out.data = !json && !data.get(text) ? std::string(text) : simdjson::minify(data);
    out.has_data = true;
  }
  return true;
}

}  // namespace

class CloudEventReader::Impl {
 public:
  simdjson::dom::parser parser;  // keeps its room from event to event
  std::string owned;             // what the event's views show
  std::vector<std::pair<std::string, std::string>> extensions;  // ... and its headers
};

CloudEventReader::CloudEventReader() : impl_(std::make_unique<Impl>()) {}
CloudEventReader::~CloudEventReader() = default;

bool CloudEventReader::read(std::string_view json, model::EventView& event) {
  simdjson::dom::object object;
  Attributes read;
  if (impl_->parser.parse(json.data(), json.size()).get(object)) return false;
  if (!text_of(object, "id", read.id) || !text_of(object, "source", read.source) ||
      !text_of(object, "type", read.type))
    return false;
  text_of(object, "subject", read.subject);
  text_of(object, "datacontenttype", read.content_type);
  if (!data_of(object, read)) return false;
  std::string time;
  if (text_of(object, "time", time))
    if (const auto parsed = parse_time(time)) read.time = *parsed;
  if (read.content_type.empty()) read.content_type = "application/json";

  impl_->owned = read.id + read.source + read.type + read.subject + read.content_type + read.data;
  std::string_view rest = impl_->owned;
  const auto next = [&rest](const std::string& part) {
    const std::string_view view = rest.substr(0, part.size());
    rest.remove_prefix(part.size());
    return view;
  };
  event.id = next(read.id);
  event.source = next(read.source);
  event.type = next(read.type);
  event.subject = next(read.subject);
  event.content_type = next(read.content_type);
  event.data = next(read.data);
  event.has_data = read.has_data;
  if (read.time) event.time_us = to_us(*read.time);
  std::erase_if(event.headers, [](const model::Header& h) { return h.name == "content-type"; });
  impl_->extensions = extensions_of(object);
  for (const auto& [header, value] : impl_->extensions) event.headers.push_back({header, value});
  return true;
}

}  // namespace pelton::kafka
