// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/model/event.h"
#include "engine/schema/options.h"
#include "engine/schema/registry.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace pelton::kafka {

// Headers of a decoded event: the id of the schema that its value had, and the full name of the
// record, if the schema has one; the id of the schema that its key had. Only the engine sets them.
inline constexpr std::string_view kSchemaId = "pelton-schema-id";
inline constexpr std::string_view kSchemaName = "pelton-schema-name";
inline constexpr std::string_view kKeySchemaId = "pelton-key-schema-id";
// ... and of one that a source could not decode: why.
inline constexpr std::string_view kSchemaError = "pelton-schema-error";
inline bool is_schema_header(std::string_view name) {
  return name == kSchemaId || name == kSchemaName || name == kKeySchemaId || name == kSchemaError;
}

// Decodes the values and keys of a topic's records with the schemas that they name. A key that is a
// JSON text becomes what is in its quotes. One thread.
class SchemaDecoder {
 public:
  SchemaDecoder(const schema::SchemaOptions& options, std::shared_ptr<schema::Registry> registry);

  enum class Outcome {
    done,   // decoded, or to be left as it is
    waits,  // for its schema, which is being asked for: the event is as it was
    fault,  // it cannot be decoded: the event is as it was
  };
  // Puts JSON and the schemas' headers into the event; they hold until the next call.
  Outcome decode(model::EventView& event);
  // Why the last event was a fault, or what it waits for; of the latter nothing may be known yet.
  const Error& why() const { return why_; }

  schema::Registry& registry() { return *registry_; }

 private:
  struct Known {
    schema::SchemaPtr schema;
    std::string id;  // as text
  };
  // The values, or the keys.
  struct Part {
    schema::PartOptions options;
    std::string_view name;         // "value"
    std::string text;              // the JSON
    const Known* known = nullptr;  // of the last event; null: it was left as it is
  };

  Outcome decode(Part& part, bool is_there, std::string_view bytes);
  // Null: waits or fault, as outcome_ has it.
  const Known* find(std::uint32_t id);
  Outcome refuse(Error error);
  void forget_some();

  const std::shared_ptr<schema::Registry> registry_;  // shared by all who read or write with it
  std::unordered_map<std::uint32_t, Known> known_;
  std::size_t known_bytes_ = 0;
  Outcome outcome_ = Outcome::done;
  Error why_;
  Part value_;
  std::optional<Part> key_;
};

// Null: nothing of the topic is decoded. `registries` is asked for the registry.
std::unique_ptr<SchemaDecoder> schema_decoder(const std::optional<schema::SchemaOptions>& options,
                                              schema::Registries& registries);

}  // namespace pelton::kafka
