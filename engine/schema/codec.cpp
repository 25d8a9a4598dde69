// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/codec.h"

#include "engine/schema/avro/avro_codec.h"
#include "engine/schema/json_schema/json_schema_codec.h"
#include "engine/schema/protobuf/protobuf_codec.h"

namespace pelton::schema {

std::string_view name_of(Format format) {
  switch (format) {
    case Format::avro:
      return "Avro";
    case Format::protobuf:
      return "Protobuf";
    case Format::json_schema:
      return "JSON Schema";
  }
  return {};
}

Result<std::unique_ptr<const Codec>> compile(const Source& source, const std::string& message) {
  switch (source.format) {
    case Format::avro:
      return avro::compile(source);
    case Format::protobuf:
      return protobuf::compile(source, message);
    case Format::json_schema:
      return json_schema::compile(source);
  }
  return fail(ErrorKind::invalid, "E6162", "the schema is of no known format");
}

}  // namespace pelton::schema
