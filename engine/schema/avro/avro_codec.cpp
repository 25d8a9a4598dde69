// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/avro_codec.h"

#include "engine/schema/avro/reader.h"
#include "engine/schema/avro/schema.h"
#include "engine/schema/avro/writer.h"
#include "engine/schema/output_json.h"

#include <utility>

namespace pelton::schema::avro {
namespace {

class AvroCodec final : public Codec {
 public:
  explicit AvroCodec(std::unique_ptr<const Schema> schema) : schema_(std::move(schema)) {}

  Status decode(std::string_view bytes, std::string& out) const override {
    return Reader(bytes, out).read(schema_->root());
  }
  Status encode(std::string_view json, std::string& out) const override {
    const auto value = parse_output(json);
    if (!value) return std::unexpected(value.error());
    return Writer(out).write(schema_->root(), *value);
  }
  std::string_view name(std::string_view) const override {
    const std::string& name = schema_->root().name;
    return name.size() > kMostName ? std::string_view{} : std::string_view(name);
  }
  std::size_t bytes() const override { return schema_->bytes(); }

 private:
  const std::unique_ptr<const Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<const Codec>> compile(const Source& source) {
  auto schema = Schema::parse(source);
  if (!schema) return std::unexpected(std::move(schema.error()));
  return std::make_unique<const AvroCodec>(std::move(*schema));
}

}  // namespace pelton::schema::avro
