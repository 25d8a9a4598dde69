// SPDX-License-Identifier: Apache-2.0
#include "engine/base/units.h"
#include "engine/http/ndjson.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include <deque>
#include <utility>

namespace pelton::http {
namespace {

namespace json = boost::json;

// As a tree they take many times their text.
constexpr std::size_t kMaxHeadersText = 1U << 20;

std::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorKind::invalid, "E5003", "{}", what);
}

std::unexpected<Error> bad_at(const JsonFault& fault) {
  return bad(fmt::format("column {}: {}", fault.at + 1, fault.what));
}

// Reads one event out of its members; owns the texts that the view refers to.
class EventReader {
 public:
  Status read(const std::vector<JsonMember>& members, WallTime now) {
    event_.time_us = to_us(now);
    for (const JsonMember& each : members)
      if (auto ok = member(each); !ok)
        return std::unexpected(std::move(ok.error()).within(fmt::format("column {}", each.at + 1)));
    if (event_.content_type.empty() && json_data_) event_.content_type = "application/json";
    return {};
  }
  const model::EventView& event() const { return event_; }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  Status member(const JsonMember& member) {
    const auto& [name, value, at] = member;
    if (name == "partition" || name == "offset") return {};
    if (name == "data") return data(value);
    if (name == "headers") return headers(value);
    if (name == "key" && value == "null") return {};
    std::string_view* attribute = attribute_named(name);
    const bool known = attribute != nullptr || name == "time" || name.ends_with("_base64");
    if (known && !is_json_string(value)) return bad(fmt::format("\"{}\" must be a text", name));
    if (name == "time") return time(json_string(value));
    if (name == "data_base64") return data_bytes(json_string(value));
    if (name == "key_base64") return key_bytes(json_string(value));
    if (attribute == nullptr) return bad("unknown member " + json_quoted(name));
    *attribute = keep(json_string(value));
    return name == "key" ? one_key() : Status{};
  }

  std::string_view* attribute_named(std::string_view name) {
    return name == "key"            ? &event_.key
           : name == "id"           ? &event_.id
           : name == "type"         ? &event_.type
           : name == "source"       ? &event_.source
           : name == "subject"      ? &event_.subject
           : name == "content_type" ? &event_.content_type
                                    : nullptr;
  }

  Status time(const std::string& text) {
    auto time = parse_time(text);
    if (!time) return bad("\"time\": " + time.error().message);
    event_.time_us = to_us(*time);
    return {};
  }

  Status one_key() {
    if (event_.has_key) return bad("\"key\" and \"key_base64\" exclude each other");
    event_.has_key = true;
    return {};
  }
  Status one_data() {
    if (data_given_) return bad("\"data\" and \"data_base64\" exclude each other");
    data_given_ = true;
    return {};
  }

  Status key_bytes(const std::string& text) {
    std::string decoded;
    if (!from_base64(text, decoded)) return bad("\"key_base64\" is not base64");
    event_.key = keep(std::move(decoded));
    return one_key();
  }

  Status data_bytes(const std::string& text) {
    std::string decoded;
    if (!from_base64(text, decoded)) return bad("\"data_base64\" is not base64");
    event_.data = keep(std::move(decoded));
    return one_data();
  }

  Status data(std::string_view value) {
    if (value == "null") {
      event_.has_data = false;
      return one_data();
    }
    json_data_ = !is_json_string(value);
    event_.data = json_data_ ? value : keep(json_string(value));
    return one_data();
  }

  Status header(std::string_view name, const json::value& value) {
    std::string text;
    if (value.is_string()) {
      text = std::string(value.get_string());
    } else {
      const auto* object = value.if_object();
      const auto* encoded =
          object == nullptr || object->size() != 1 ? nullptr : object->if_contains("base64");
      if (encoded == nullptr || !encoded->is_string() ||
          !from_base64(std::string_view(encoded->get_string()), text))
        return bad(
            fmt::format("the header {} must be a text or {{\"base64\": ...}}", json_quoted(name)));
    }
    event_.headers.push_back({keep(std::string(name)), keep(std::move(text))});
    return {};
  }

  Status headers(std::string_view text) {
    if (text.size() > kMaxHeadersText)
      return bad(fmt::format("\"headers\" are longer than {} bytes", kMaxHeadersText));
    json::parse_options options;
    options.max_depth = kMaxJsonDepth;
    json::error_code error;
    const json::value value =
        json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    if (error) return bad("\"headers\": " + error.message());
    if (const auto* object = value.if_object()) {
      for (const auto& [name, one] : *object)
        if (auto ok = header(name, one); !ok) return ok;
      return {};
    }
    const auto* list = value.if_array();
    if (list == nullptr) return bad("\"headers\" must be an object or a list of pairs");
    for (const json::value& pair : *list) {
      const auto* both = pair.if_array();
      if (both == nullptr || both->size() != 2 || !both->at(0).is_string())
        return bad("\"headers\" must be an object or a list of [name, value]");
      if (auto ok = header(std::string_view(both->at(0).get_string()), both->at(1)); !ok) return ok;
    }
    return {};
  }

  model::EventView event_;
  std::deque<std::string> texts_;
  bool json_data_ = false;
  bool data_given_ = false;
};

}  // namespace

Status parse_event(std::string_view line, WallTime now, model::BatchBuilder& into) {
  if (auto good = check_json(line); !good)
    return bad_at({good.error().at, "not JSON: " + good.error().what});
  const auto members = json_members(line);
  if (!members)
    return bad_at({members.error().at, "an event is a JSON object: " + members.error().what});
  EventReader reader;
  if (auto ok = reader.read(*members, now); !ok) return ok;
  into.add(reader.event());
  return {};
}

Status EventLines::add(std::string_view bytes) {
  for (auto end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    const bool continued = !begun_.empty();
    if (continued) begun_ += bytes.substr(0, end);
    auto ok = add_line(continued ? std::string_view(begun_) : bytes.substr(0, end));
    begun_.clear();
    if (!ok) return ok;
    bytes.remove_prefix(end + 1);
  }
  begun_ += bytes;
  return {};
}

Status EventLines::finish() {
  return begun_.empty() ? Status{} : add_line(std::exchange(begun_, {}));
}

Status EventLines::add_line(std::string_view line) {
  const std::uint64_t number = line_++;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return {};
  if (into_.size() >= max_events_)
    return fail(ErrorKind::invalid, "E5011",
                "line {}: a request takes at most {} events: send the rest in another one", number,
                max_events_);
  if (auto ok = parse_event(line, now_, into_); !ok)
    return std::unexpected(std::move(ok.error()).within(fmt::format("line {}", number)));
  return {};
}

}  // namespace pelton::http
