// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.h"
#include "engine/config/yaml/place.h"
#include "engine/net/tls.h"
#include "engine/schema/source.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace pelton::config {
template <typename Struct>
class Fields;
}

// Values. What config files say of schema registries. The members' initialisers are the defaults.
namespace pelton::schema {

// How a registry is reached.
struct RegistryOptions {
  std::vector<std::string> urls;  // asked in turns; without a slash at the end
  std::string username, password;
  std::string token;
  std::optional<net::Tls> tls;
  Duration timeout{std::chrono::seconds(10)};
};

// Whether values are decoded, and what they have to be.
enum class Decode { off, automatic, avro, protobuf, json_schema };
// What becomes of values that are not in a registry's wire format.
enum class Plain { dead_letter, pass };
// The name under which the registry has the schema of a topic's values or keys.
enum class SubjectStrategy { topic, record, topic_record };

// How values are encoded: with the schema that the registry has by `id`, with that of `file`, or
// with the subject's latest.
struct EncodeOptions {
  std::optional<std::uint32_t> id;
  std::filesystem::path file;
  std::optional<Format> format;  // of the file; nothing: as its name ends
  bool register_file = false;
  SubjectStrategy subject = SubjectStrategy::topic;
  std::string record;  // the full name: of the subject, and of the message that is written
  Duration refresh{std::chrono::minutes(1)};
};

// The values of a topic, or its keys.
struct PartOptions {
  Decode decode = Decode::automatic;
  Plain plain = Plain::dead_letter;
  std::optional<EncodeOptions> encode;

  bool decodes() const { return decode != Decode::off; }
};

// A topic whose records have schemas.
struct SchemaOptions {
  config::Place place;
  RegistryOptions registry;
  PartOptions value;
  std::optional<PartOptions> key;  // nothing: keys are bytes

  bool decodes() const { return value.decodes() || (key && key->decodes()); }
  bool encodes() const { return value.encode || (key && key->encode); }
};

// The section `schema_registry` of a topic.
config::Fields<SchemaOptions> schema_fields();

// Of a file's name: .avsc, .proto, .json.
std::optional<Format> format_of(const std::filesystem::path& file);

}  // namespace pelton::schema
