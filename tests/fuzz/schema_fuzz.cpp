// SPDX-License-Identifier: Apache-2.0
// Values and schemas that nobody meant to write. An input is a byte that chooses what is done, and
// what it is done to.
#include "engine/base/ensure.h"
#include "engine/base/utf8.h"
#include "engine/schema/codec.h"
#include "engine/schema/wire_format.h"
#include "tests/fuzz/driver.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace pelton::schema {
namespace {

using namespace std::string_literals;

constexpr const char* kAvro = R"({"type":"record","name":"x.R","fields":[
  {"name":"a","type":["null","string",{"type":"array","items":"x.R"}],"default":null},
  {"name":"b","type":{"type":"map","values":["int","double","bytes",{"type":"enum","name":"E","symbols":["A","B"]}]},
   "default":{}},
  {"name":"c","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":3},"default":"\u0001"},
  {"name":"d","type":{"type":"long","logicalType":"timestamp-micros"},"default":0},
  {"name":"e","type":{"type":"fixed","name":"F","size":12,"logicalType":"duration"},
   "default":"\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"},
  {"name":"f","type":{"type":"array","items":"null"},"default":[]}]})";
constexpr const char* kProtobuf = R"(syntax = "proto3"; package x;
import "google/protobuf/timestamp.proto"; import "google/protobuf/any.proto";
message R { string a = 1; repeated R b = 2; map<string, double> c = 3; bytes d = 4;
  enum E { A = 0; B = 1; } repeated E e = 5; google.protobuf.Timestamp f = 6; oneof o { int64 g = 7; float h = 8; }
  google.protobuf.Any i = 9; message N { sfixed32 a = 1; } N n = 10; })";
constexpr const char* kJson =
    R"({"$id":"http://x/r.json","title":"R","type":["object","array"],"required":["a"],
  "properties":{"a":{"anyOf":[{"type":"string","pattern":"^[a-z]*$"},{"$ref":"#/definitions/n"},{"$ref":"#"}]},
  "b":{"type":"array","uniqueItems":true,"items":{"enum":[1,"x",null,[1.0]]},"contains":{"not":{"const":2}}}},
  "patternProperties":{"^x":{"multipleOf":0.5}},"dependencies":{"a":["b"],"b":{"minProperties":1}},
  "definitions":{"n":{"exclusiveMinimum":0,"maximum":9e99}},"if":{"minProperties":3},"then":{"$ref":"#/x"},
  "x":{"propertyNames":{"maxLength":9}}})";

constexpr std::array kFormats{std::pair{Format::avro, kAvro},
                              std::pair{Format::protobuf, kProtobuf},
                              std::pair{Format::json_schema, kJson}};
enum Way : std::size_t { decode, encode, compiling };
constexpr std::size_t kWays = 3;

const Codec& codec_of(std::size_t format) {
  static const auto codecs = [] {
    std::array<std::unique_ptr<const Codec>, kFormats.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto codec = compile({kFormats[i].first, kFormats[i].second}, "");
      ENSURE(codec.has_value(), "the schemas here are valid");
      all[i] = std::move(*codec);
    }
    return all;
  }();
  return *codecs[format];
}

void try_decode(const Codec& codec, std::string_view bytes) {
  std::string json;
  const auto ok = codec.decode(bytes, json);
  ENSURE(json.size() <= 2 * kMostJson, "what is made is bounded");
  codec.name(bytes);
  if (!ok) {
    ENSURE(ok.error().kind == ErrorKind::invalid, "it is the record's own fault");
    ENSURE(ok.error().message.size() < 2'000, "messages are short");
    return;
  }
  ENSURE(is_utf8(json), "JSON is UTF-8");
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 4 * kMostDepth;
  boost::json::parse(json, error, {}, options);
  ENSURE(!error, "what is decoded is JSON");
}

// What is written can be read.
void try_encode(const Codec& codec, std::string_view json) {
  std::string bytes;
  const auto ok = codec.encode(json, bytes);
  if (!ok) {
    ENSURE(ok.error().message.size() < 2'000, "messages are short");
    return;
  }
  std::string again;
  const auto read = codec.decode(bytes, again);
  ENSURE(read.has_value(), "what is encoded can be decoded");
}

void try_compile(Format format, std::string_view text) {
  const auto codec = compile({format, std::string(text)}, "");
  if (!codec) {
    ENSURE(codec.error().code == "E6162", "the schema is at fault");
    ENSURE(codec.error().message.size() < 4'000, "messages are short");
    return;
  }
  try_decode(**codec, std::string(8, '\0'));
  try_decode(**codec, "\2\2\2\2\2\2\2\2");
  for (const char* json : {"{}", "[]", "0", "\"\"", R"({"a":"b"})"}) try_encode(**codec, json);
}

int try_input(std::string_view input) {
  if (input.empty()) return 0;
  const std::size_t choice = static_cast<unsigned char>(input[0]) % (kFormats.size() * kWays);
  const std::size_t format = choice / kWays;
  const std::string_view rest = input.substr(1);
  if (const auto value = framed(rest))
    ENSURE(value->bytes.size() + 5 == rest.size(), "a head is 5 bytes");
  switch (choice % kWays) {
    case Way::decode:
      try_decode(codec_of(format), rest);
      break;
    case Way::encode:
      try_encode(codec_of(format), rest);
      break;
    default:
      try_compile(kFormats[format].first, rest);
  }
  return 0;
}

std::vector<std::string> all_seeds() {
  const std::array<std::vector<std::string>, kFormats.size()> values{
      std::vector{
          R"({"a":"x","b":{"k":1,"l":{"bytes":"AA=="}},"c":"-12.5","d":"2026-01-01T00:00:00Z"})"s,
          R"({"a":[{"a":null}],"b":{"k":{"int":1},"m":{"x.E":"B"}},"c":1.5,"d":7,"f":[null,null]})"s,
          R"({"e":{"months":1,"days":2,"milliseconds":3}})"s},
      std::vector{
          R"({"a":"x","b":[{"a":"y"},{}],"c":{"k":1.5},"d":"AA==","e":["A","B"],"g":"7"})"s,
          R"({"f":"2026-01-01T00:00:00Z","i":{"@type":"type.googleapis.com/x.R","a":"z"},"n":{"a":-1}})"s},
      std::vector{R"({"a":"abc","b":[1,"x"]})"s,
                  R"({"a":{"a":1,"b":[[1]]},"b":[null],"x1":1.5})"s}};
  std::vector<std::string> all;
  for (std::size_t format = 0; format < kFormats.size(); ++format) {
    const auto first = static_cast<char>(format * kWays);
    const auto as = [first](std::size_t way) {
      return std::string(1, static_cast<char>(first + static_cast<char>(way)));
    };
    for (const std::string& json : values[format]) {
      std::string bytes;
      if (codec_of(format).encode(json, bytes)) all.push_back(as(decode) + bytes);
      all.push_back(as(encode) + json);
    }
    all.push_back(as(compiling) + kFormats[format].second);
  }
  return all;
}

}  // namespace
}  // namespace pelton::schema

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return pelton::schema::try_input({reinterpret_cast<const char*>(data), size});
}

std::vector<std::string> pelton::fuzz::seeds() {
  return pelton::schema::all_seeds();
}
