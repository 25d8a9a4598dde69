// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/schema/avro/schema.h"
#include "engine/schema/path.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pelton::schema::avro {

// Turns Avro's binary encoding into JSON as it reads. Nothing is allocated for a length before its
// bytes are there, and depth and output are bounded (codec.h). For one value.
class Reader {
 public:
  Reader(std::string_view in, std::string& out) : in_(in), out_(out), begin_(out.size()) {}
  // invalid (E6163): with the place.
  Status read(const Node& root);

 private:
  template <typename... Args>
  bool bad(fmt::format_string<Args...> sentence, Args&&... args);
  bool value(const Node& node);
  bool record(const Node& node);
  bool array(const Node& node);
  bool map(const Node& node);
  bool union_of(const Node& node);
  bool number(const Node& node);
  bool enumeration(const Node& node);
  bool floating(const Node& node);
  bool boolean();
  bool string();
  bool binary(const Node& node, std::size_t size);
  bool duration();
  bool base64(std::string_view bytes);
  // The number of items of the next block; 0: there is none.
  bool block(std::uint64_t& items);
  bool items(const Node& node, std::uint64_t count, std::size_t& index);
  bool entries(const Node& node, std::uint64_t count, bool& first);
  bool varint(std::int64_t& value);
  bool length(std::string_view& bytes);
  bool take(std::size_t size, std::string_view& bytes);
  bool room();

  std::string_view in_;
  std::string& out_;
  const std::size_t begin_;
  Path path_;
  std::string fault_;
};

}  // namespace pelton::schema::avro
