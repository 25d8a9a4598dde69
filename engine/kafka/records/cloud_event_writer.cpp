// SPDX-License-Identifier: Apache-2.0
#include "engine/kafka/records/cloud_event_writer.h"

#include "engine/base/base64.h"
#include "engine/base/clock.h"
#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <boost/json/serialize.hpp>
#include <simdjson.h>

#include <algorithm>

namespace pelton::kafka {
namespace {

constexpr std::string_view kHeaderPrefix = "ce_";

std::string json_text(std::string_view text) {
  return boost::json::serialize(boost::json::string(to_utf8(text)));
}

bool is_json(std::string_view content_type, std::string_view data) {
  if (!content_type.empty() && content_type.find("json") == std::string_view::npos) return false;
  simdjson::dom::parser parser;
  return parser.parse(data.data(), data.size()).error() == simdjson::SUCCESS;
}

void add(std::string& json, std::string_view name, std::string_view value) {
  json += ',';
  json += json_text(name);
  json += ':';
  json += value;
}

void add_data(std::string& json, const model::Batch& batch, std::size_t i) {
  const std::string_view data = batch.data(i);
  const std::string_view content_type = batch.content_type(i);
  const bool json_data = is_json(content_type, data);
  if (!content_type.empty() || !json_data)
    add(json, "datacontenttype",
        json_text(content_type.empty() ? "application/octet-stream" : content_type));
  if (json_data)
    add(json, "data", data);
  else if (content_type.starts_with("text/") && is_utf8(data))
    add(json, "data", json_text(data));
  else
    add(json, "data_base64", json_text(to_base64(data)));
}

}  // namespace

bool is_cloud_event(const model::Batch& batch, std::size_t i) {
  return !batch.id(i).empty() && !batch.source(i).empty() && !batch.type(i).empty();
}

std::string_view extension_of(std::string_view header) {
  if (!header.starts_with(kHeaderPrefix)) return {};
  const std::string_view name = header.substr(kHeaderPrefix.size());
  const bool good = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
  return good ? name : std::string_view{};
}

std::string structured_cloud_event(const model::Batch& batch, std::size_t i) {
  std::string json = R"({"specversion":"1.0")";
  add(json, "id", json_text(batch.id(i)));
  add(json, "source", json_text(batch.source(i)));
  add(json, "type", json_text(batch.type(i)));
  if (!batch.subject(i).empty()) add(json, "subject", json_text(batch.subject(i)));
  if (batch.time_us(i) > 0) add(json, "time", json_text(format_time(from_us(batch.time_us(i)))));
  if (!batch.header_bytes(i).empty())
    for (const model::Header& header : batch.headers(i))
      if (const auto name = extension_of(header.name); !name.empty())
        add(json, name, json_text(header.value));
  if (batch.has_data(i)) add_data(json, batch, i);
  json += '}';
  return json;
}

}  // namespace pelton::kafka
