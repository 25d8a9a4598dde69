// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/result.h"
#include "engine/schema/source.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace pelton::schema {

// What hostile records may not exceed: nesting, and the JSON that one record becomes. An array of a
// billion empty values is a few bytes in Avro.
inline constexpr int kMostDepth = 64;
inline constexpr std::size_t kMostJson = 16U << 20;
// What an output becomes: defaults may make much of little.
inline constexpr std::size_t kMostEncoded = 16U << 20;
// Of a name that is told with every event, and of a piece of a value in a message.
inline constexpr std::size_t kMostName = 255;
inline constexpr std::size_t kMostQuoted = 100;

// Interface. A schema that is ready for use: records' bytes (what follows the schema's id) to JSON
// and back. Immutable; any thread. docs/schema_registry.md says what JSON the values become.
// Implemented for Avro (avro/avro_codec.h), Protobuf (protobuf/protobuf_codec.h) and JSON Schema
// (json_schema/json_schema_codec.h).
class Codec {
 public:
  virtual ~Codec() = default;

  // Appends the JSON. invalid (E6163): the bytes do not fit the schema, and where; `out` may have
  // the beginning of it then.
  virtual Status decode(std::string_view bytes, std::string& out) const = 0;
  // Appends the bytes. invalid (E6165): the text is no JSON, or does not fit the schema, and where.
  virtual Status encode(std::string_view json, std::string& out) const = 0;
  // What is read need not be understood as well as what is written. invalid (E6162): encode() is of
  // no use with this schema, and why.
  virtual Status writable() const { return {}; }
  // The full name of what `bytes` are; empty: the schema has none, or one that is too long to tell.
  virtual std::string_view name(std::string_view bytes) const = 0;
  // About what it takes in memory.
  virtual std::size_t bytes() const = 0;
};

// Of a Protobuf schema `message` is what encode() writes; empty: the first message. invalid
// (E6162): the schema is of no use.
Result<std::unique_ptr<const Codec>> compile(const Source& source, const std::string& message);

}  // namespace pelton::schema
