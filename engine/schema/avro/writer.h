// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/avro/schema.h"
#include "engine/schema/path.h"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::schema::avro {

// Writes JSON, as Reader writes it, in Avro's binary encoding. For one value.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out), begin_(out.size()) {}
  // invalid (E6165): with the place.
  Status write(const Node& root, const boost::json::value& value);

 private:
  using Value = boost::json::value;

  template <typename... Args>
  bool bad(fmt::format_string<Args...> sentence, Args&&... args);
  bool room();
  bool mismatch(const Node& node, const Value& value);
  bool value(const Node& node, const Value& value);
  bool record(const Node& node, const Value& value);
  bool field(const Field& field, const Value* value);
  bool array(const Node& node, const Value& value);
  bool map(const Node& node, const Value& value);
  bool union_of(const Node& node, const Value& value);
  bool tagged(const Node& node, const Value& value);
  bool branch(const Node& node, std::size_t index, const Value& value);
  bool number(const Node& node, const Value& value);
  bool floating(const Node& node, const Value& value);
  bool enumeration(const Node& node, const Value& value);
  bool text(const Node& node, const Value& value);
  bool binary(const Node& node, const Value& value);
  bool decimal(const Node& node, const Value& value);
  bool duration(const Node& node, const Value& value);
  void varint(std::int64_t value);
  void bytes(std::string_view bytes);

  std::string& out_;
  const std::size_t begin_;
  std::size_t steps_ = 0;
  Path path_;
  std::string fault_;
  // A default: in Avro's own JSON encoding, of a union's first branch.
  bool fallback_ = false;
};

}  // namespace pelton::schema::avro
