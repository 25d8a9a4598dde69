// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/json_schema/json_schema_codec.h"

#include "engine/schema/json_schema/schema.h"
#include "engine/schema/json_schema/validator.h"
#include "engine/schema/output_json.h"

#include <boost/json/value.hpp>

#include <utility>

namespace pelton::schema::json_schema {
namespace {

// What a schema takes in memory, for each byte of its text. Measured with many small ones.
constexpr std::size_t kGrowth = 16;

// The schema's `title`, which is what serializers take for its record name.
std::string title_of(const boost::json::value& root) {
  const auto* object = root.if_object();
  const auto* title = object == nullptr ? nullptr : object->if_contains("title");
  if (title == nullptr || !title->is_string() || title->get_string().size() > kMostName) return {};
  return std::string(title->get_string());
}

class JsonSchemaCodec final : public Codec {
 public:
  JsonSchemaCodec(std::unique_ptr<const Schema> schema, std::size_t bytes)
      : schema_(std::move(schema)), title_(title_of(schema_->root())), bytes_(bytes) {}

  Status decode(std::string_view bytes, std::string& out) const override {
    auto value = parse_output(bytes);
    if (!value)
      return fail(ErrorKind::invalid, "E6163",
                  "the record has a JSON Schema and is no JSON that is nested at most {} deep",
                  2 * kMostDepth);
    out += bytes;
    return {};
  }
  Status encode(std::string_view json, std::string& out) const override {
    const auto value = parse_output(json);
    if (!value) return std::unexpected(value.error());
    if (auto ok = schema_->checkable(); !ok) return ok;
    if (auto ok = Validator(*schema_).check(*value); !ok) return ok;
    out += json;
    return {};
  }
  Status writable() const override { return schema_->checkable(); }
  std::string_view name(std::string_view) const override { return title_; }
  std::size_t bytes() const override { return bytes_; }

 private:
  const std::unique_ptr<const Schema> schema_;
  const std::string title_;
  const std::size_t bytes_;
};

}  // namespace

Result<std::unique_ptr<const Codec>> compile(const Source& source) {
  auto schema = Schema::parse(source);
  if (!schema) return std::unexpected(std::move(schema.error()));
  return std::make_unique<const JsonSchemaCodec>(std::move(*schema), kGrowth * source.bytes());
}

}  // namespace pelton::schema::json_schema
