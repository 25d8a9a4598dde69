// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/expression.h"

#include "engine/base/units.h"

#include <simdjson.h>

namespace pelton::dispatch {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

FieldValue text_value(std::string_view text) {
  FieldValue value;
  value.kind = FieldValue::Kind::text;
  value.text = text;
  return value;
}

FieldValue optional_text(std::string_view text) {
  return text.empty() ? FieldValue{} : text_value(text);
}

std::string_view trimmed(std::string_view raw) {
  while (!raw.empty() && static_cast<unsigned char>(raw.back()) <= ' ') raw.remove_suffix(1);
  return raw;
}

// Python's json.dumps and others write names that are not ASCII with escapes ("gr\\u00f6\\u00dfe").
bool is_named(ondemand::field& field, std::string_view name) {
  const char* raw = field.key().raw();
  const char* end = raw;
  while (*end != '"' && *end != '\\') ++end;
  if (*end == '"') return std::string_view(raw, end) == name;
  return std::string_view(field.unescaped_key()) == name;
}

// Throws simdjson's error when there is none.
ondemand::value find_field(ondemand::object object, std::string_view name) {
  for (ondemand::field field : object)
    if (is_named(field, name)) return field.value();
  throw simdjson::simdjson_error(simdjson::NO_SUCH_FIELD);
}

template <typename Json>
FieldValue scalar(Json& json, ondemand::json_type type) {
  FieldValue value;
  switch (type) {
    case ondemand::json_type::string:
      value.kind = FieldValue::Kind::text;
      value.text = std::string_view(json.get_string());
      break;
    case ondemand::json_type::number:
      value.kind = FieldValue::Kind::number;
      value.text = trimmed(std::string_view(json.raw_json_token()));
      break;
    case ondemand::json_type::boolean:
      value.kind = FieldValue::Kind::boolean;
      value.boolean = json.get_bool();
      value.text = value.boolean ? "true" : "false";
      break;
    case ondemand::json_type::null:
      value.kind = FieldValue::Kind::null;
      break;
    default:
      value.kind = FieldValue::Kind::structure;
      value.text = std::string_view(simdjson::to_json_string(json));
  }
  return value;
}

}  // namespace

class FieldReader::Json {
 public:
  FieldValue read(const std::vector<std::string>& path, std::string_view data) try {
    if (data.starts_with(kByteOrderMark)) data.remove_prefix(kByteOrderMark.size());
    buffer_.assign(data);
    buffer_.reserve(data.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document = parser_.iterate(buffer_);
    if (path.empty()) return {};
    ondemand::value at = find_field(document.get_object(), path[0]);
    for (std::size_t i = 1; i < path.size(); ++i) at = find_field(at.get_object(), path[i]);
    return scalar(at, at.type());
  } catch (const simdjson::simdjson_error&) {
    return {};
  }

 private:
  ondemand::parser parser_;
  std::string buffer_;
};

FieldReader::FieldReader() : json_(std::make_unique<Json>()) {}
FieldReader::~FieldReader() = default;

FieldValue FieldReader::read(const config::FieldRef& field, const model::Batch& batch,
                             std::size_t i) {
  using Kind = config::FieldRef::Kind;
  switch (field.kind) {
    case Kind::id:
      return optional_text(batch.id(i));
    case Kind::source:
      return optional_text(batch.source(i));
    case Kind::type:
      return optional_text(batch.type(i));
    case Kind::subject:
      return optional_text(batch.subject(i));
    case Kind::content_type:
      return optional_text(batch.content_type(i));
    case Kind::key:
      return batch.has_key(i) ? text_value(batch.key(i)) : FieldValue{};
    case Kind::time:
      return text_value(format_time(from_us(batch.time_us(i))));
    case Kind::header: {
      std::string_view value;
      return batch.find_header(i, field.header, value) ? text_value(value) : FieldValue{};
    }
    case Kind::data:
      if (!batch.has_data(i)) return {};
      return field.path.empty() ? text_value(batch.data(i))
                                : json_->read(field.path, batch.data(i));
  }
  return {};
}

}  // namespace pelton::dispatch
