// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ndjson.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <algorithm>

namespace pelton::http {
namespace {

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type == "application/json" || type.ends_with("+json");
}

// JSON on one line: outside of its strings a line end is a space, within them there is none.
std::string on_one_line(std::string_view json) {
  std::string line(json);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line;
}

std::string data_member(const model::Batch& batch, std::size_t i) {
  if (!batch.has_data(i)) return "\"data\":null";
  const std::string_view data = batch.data(i);
  if (is_json_type(batch.content_type(i)) && check_json(data)) {
    // JSON's null and strings would be read as a tombstone and as text: only their bytes say more.
    const auto first = data.find_first_not_of(" \t\r\n");
    if (data[first] != '"' && data[first] != 'n') return "\"data\":" + on_one_line(data);
  }
  if (is_utf8(data)) return "\"data\":" + json_quoted(data);
  return "\"data_base64\":\"" + to_base64(data) + "\"";
}

std::string header_value(std::string_view value) {
  if (is_utf8(value)) return json_quoted(value);
  return "{\"base64\":\"" + to_base64(value) + "\"}";
}

std::string headers_member(const model::Batch& batch, std::size_t i) {
  const auto headers = batch.headers(i);
  if (headers.empty()) return {};
  std::string list;
  for (const model::Header& header : headers)
    list += fmt::format("{}[{},{}]", list.empty() ? "" : ",", json_quoted(header.name),
                        header_value(header.value));
  return ",\"headers\":[" + list + "]";
}

std::string key_member(const model::Batch& batch, std::size_t i) {
  if (!batch.has_key(i)) return {};
  const std::string_view key = batch.key(i);
  if (is_utf8(key)) return ",\"key\":" + json_quoted(key);
  return ",\"key_base64\":\"" + to_base64(key) + "\"";
}

// What events have in common as lines and on their own: a list of members.
std::string members(const model::Batch& batch, std::size_t i) {
  std::string text = fmt::format("\"time\":\"{}\"", format_time(from_us(batch.time_us(i))));
  text += key_member(batch, i);
  const std::pair<const char*, std::string_view> texts[] = {
      {"type", batch.type(i)},
      {"source", batch.source(i)},
      {"subject", batch.subject(i)},
      {"content_type", batch.content_type(i)}};
  for (const auto& [name, value] : texts)
    if (!value.empty()) text += fmt::format(",\"{}\":{}", name, json_quoted(value));
  return text + headers_member(batch, i) + "," + data_member(batch, i);
}

}  // namespace

std::string event_json(const model::Batch& batch, std::size_t i) {
  const std::string_view id = batch.id(i);
  return "{" + (id.empty() ? "" : fmt::format("\"id\":{},", json_quoted(id))) + members(batch, i) +
         "}";
}

std::string event_line(std::string_view stream, const model::PlacedBatch& placed, std::size_t i) {
  const model::Batch& batch = *placed.batch;
  const Offset offset = placed.base + batch.delta(i);
  const std::string id = batch.id(i).empty()
                             ? fmt::format("{}/{}/{}", stream, placed.at.partition.value, offset)
                             : std::string(batch.id(i));
  return fmt::format("{{\"partition\":{},\"offset\":{},\"id\":{},", placed.at.partition.value,
                     offset, json_quoted(id)) +
         members(batch, i) + "}\n";
}

}  // namespace pelton::http
