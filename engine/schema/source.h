// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pelton::schema {

enum class Format : std::uint8_t { avro, protobuf, json_schema };

// "Avro", "Protobuf", "JSON Schema": as sentences have it.
std::string_view name_of(Format format);

// Value. A schema as a registry has it: its text and those of the schemas that it refers to, by the
// names that it has for them. What others refer to comes first.
struct Source {
  Format format = Format::avro;
  std::string text;
  struct Reference {
    std::string name;
    std::string text;
  };
  std::vector<Reference> references{};

  std::size_t bytes() const {
    std::size_t sum = text.size();
    for (const Reference& each : references) sum += each.name.size() + each.text.size();
    return sum;
  }
};

}  // namespace pelton::schema
