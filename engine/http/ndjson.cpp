// SPDX-License-Identifier: Apache-2.0
#include "engine/http/ndjson.h"

#include "engine/base/units.h"
#include "engine/base/utf8.h"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <deque>

namespace pelton::http {
namespace {

namespace json = boost::json;
namespace base64 = boost::beast::detail::base64;

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "E5003", "{}", what);
}

json::parse_options strict() {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

// Reads one event out of a JSON object; owns the texts that the view refers to.
class EventReader {
 public:
  Status read(const json::object& object, WallTime now) {
    event_.time_us = to_us(now);
    for (const auto& [name, value] : object)
      if (auto ok = member(name, value); !ok) return ok;
    if (event_.content_type.empty() && json_data_) event_.content_type = "application/json";
    return {};
  }
  const model::EventView& event() const { return event_; }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  Status member(std::string_view name, const json::value& value) {
    if (name == "data") return data(value);
    if (name == "headers") return headers(value);
    if (name == "partition" || name == "offset") return {};
    if (value.is_null() && name == "key") return {};
    if (!value.is_string()) return bad(fmt::format("\"{}\" must be a text", name));
    const auto& string = value.get_string();
    return text(name, std::string_view(string.data(), string.size()));
  }

  Status text(std::string_view name, std::string_view value) {
    if (name == "data_base64") return bytes(name, value, event_.data);
    if (name == "key_base64") {
      event_.has_key = true;
      return bytes(name, value, event_.key);
    }
    if (name == "time") {
      auto time = parse_time(value);
      if (!time) return bad("\"time\": " + time.error().message);
      event_.time_us = to_us(*time);
      return {};
    }
    std::string_view* to = name == "key"            ? &event_.key
                           : name == "id"           ? &event_.id
                           : name == "type"         ? &event_.type
                           : name == "source"       ? &event_.source
                           : name == "subject"      ? &event_.subject
                           : name == "content_type" ? &event_.content_type
                                                    : nullptr;
    if (to == nullptr) return bad(fmt::format("unknown member \"{}\"", name));
    if (name == "key") event_.has_key = true;
    *to = keep(std::string(value));
    return {};
  }

  Status bytes(std::string_view name, std::string_view value, std::string_view& to) {
    std::string decoded;
    if (!from_base64(value, decoded)) return bad(fmt::format("\"{}\" is not base64", name));
    to = keep(std::move(decoded));
    return {};
  }

  Status data(const json::value& value) {
    if (value.is_null()) {
      event_.has_data = false;
      return {};
    }
    json_data_ = !value.is_string();
    event_.data = keep(json_data_ ? json::serialize(value) : std::string(value.get_string()));
    return {};
  }

  Status header(std::string_view name, const json::value& value) {
    if (!value.is_string()) return bad(fmt::format("the header \"{}\" must be a text", name));
    event_.headers.push_back({keep(std::string(name)), keep(std::string(value.get_string()))});
    return {};
  }

  Status headers(const json::value& value) {
    if (const auto* object = value.if_object()) {
      for (const auto& [name, text] : *object)
        if (auto ok = header(name, text); !ok) return ok;
      return {};
    }
    const auto* list = value.if_array();
    if (list == nullptr) return bad("\"headers\" must be an object or a list of pairs");
    for (const json::value& pair : *list) {
      const auto* both = pair.if_array();
      if (both == nullptr || both->size() != 2 || !both->at(0).is_string())
        return bad("\"headers\" must be an object or a list of [name, text]");
      if (auto ok = header(std::string_view(both->at(0).get_string()), both->at(1)); !ok) return ok;
    }
    return {};
  }

  model::EventView event_;
  std::deque<std::string> texts_;
  bool json_data_ = false;
};

std::string quoted(std::string_view text) {
  return json::serialize(json::string(to_utf8(text)));
}

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type == "application/json" || type.ends_with("+json");
}

std::string data_member(const model::Batch& batch, std::size_t i) {
  if (!batch.has_data(i)) return "\"data\":null";
  const std::string_view data = batch.data(i);
  if (is_json_type(batch.content_type(i))) {
    boost::system::error_code error;
    const json::value value =
        json::parse(json::string_view(data.data(), data.size()), error, {}, strict());
    if (!error) return "\"data\":" + json::serialize(value);
  }
  if (is_utf8(data)) return "\"data\":" + quoted(data);
  return "\"data_base64\":\"" + to_base64(data) + "\"";
}

std::string headers_member(const model::Batch& batch, std::size_t i) {
  const auto headers = batch.headers(i);
  if (headers.empty()) return {};
  std::string list;
  for (const model::Header& header : headers)
    list += fmt::format("{}[{},{}]", list.empty() ? "" : ",", quoted(header.name),
                        quoted(header.value));
  return ",\"headers\":[" + list + "]";
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text(base64::encoded_size(bytes.size()), '\0');
  text.resize(base64::encode(text.data(), bytes.data(), bytes.size()));
  return text;
}

bool from_base64(std::string_view text, std::string& bytes) {
  bytes.resize(base64::decoded_size(text.size()));
  const auto [written, read] = base64::decode(bytes.data(), text.data(), text.size());
  bytes.resize(written);
  text.remove_prefix(read);
  return text.empty() || text == "=" || text == "==";
}

Status parse_event(std::string_view line, WallTime now, model::BatchBuilder& into) {
  boost::system::error_code error;
  const json::value value =
      json::parse(json::string_view(line.data(), line.size()), error, {}, strict());
  if (error) return bad("not JSON: " + error.message());
  const auto* object = value.if_object();
  if (object == nullptr) return bad("an event is a JSON object");
  EventReader reader;
  if (auto ok = reader.read(*object, now); !ok) return ok;
  into.add(reader.event());
  return {};
}

Status parse_events(std::string_view lines, WallTime now, model::BatchBuilder& into) {
  std::size_t number = 0;
  while (!lines.empty()) {
    ++number;
    const auto end = lines.find('\n');
    std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (auto ok = parse_event(line, now, into); !ok)
      return std::unexpected(std::move(ok.error()).within(fmt::format("line {}", number)));
  }
  return {};
}

std::string event_line(std::string_view stream, const store::PlacedBatch& placed, std::size_t i) {
  const model::Batch& batch = *placed.batch;
  const Offset offset = placed.base + batch.delta(i);
  const std::string id = batch.id(i).empty()
                             ? fmt::format("{}/{}/{}", stream, placed.at.partition.value, offset)
                             : std::string(batch.id(i));
  std::string line = fmt::format("{{\"partition\":{},\"offset\":{},\"id\":{},\"time\":\"{}\"",
                                 placed.at.partition.value, offset, quoted(id),
                                 format_time(from_us(batch.time_us(i))));
  if (batch.has_key(i))
    line += is_utf8(batch.key(i)) ? ",\"key\":" + quoted(batch.key(i))
                                  : ",\"key_base64\":\"" + to_base64(batch.key(i)) + "\"";
  const std::pair<const char*, std::string_view> texts[] = {
      {"type", batch.type(i)},
      {"source", batch.source(i)},
      {"subject", batch.subject(i)},
      {"content_type", batch.content_type(i)}};
  for (const auto& [name, text] : texts)
    if (!text.empty()) line += fmt::format(",\"{}\":{}", name, quoted(text));
  return line + headers_member(batch, i) + "," + data_member(batch, i) + "}\n";
}

}  // namespace pelton::http
