// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/codec.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace pelton::schema {
namespace {

using namespace std::string_literals;

std::unique_ptr<const Codec> avro(std::string text,
                                  std::vector<Source::Reference> references = {}) {
  auto codec = compile({Format::avro, std::move(text), std::move(references)}, "");
  EXPECT_TRUE(codec.has_value()) << codec.error().text();
  return std::move(*codec);
}

std::string json_of(const Codec& codec, std::string_view bytes) {
  std::string json;
  const auto ok = codec.decode(bytes, json);
  return ok ? json : ok.error().text();
}

std::string bytes_of(const Codec& codec, std::string_view json) {
  std::string bytes;
  const auto ok = codec.encode(json, bytes);
  return ok ? bytes : ok.error().text();
}

void goes_both_ways(const std::string& schema, const std::string& bytes, const std::string& json) {
  const auto codec = avro(schema);
  EXPECT_EQ(json_of(*codec, bytes), json) << schema;
  EXPECT_EQ(bytes_of(*codec, json), bytes) << schema;
}

std::string refused(const std::string& schema) {
  const auto codec = compile({Format::avro, schema}, "");
  return codec ? "accepted" : codec.error().text();
}

TEST(Avro, PrimitivesGoBothWays) {
  goes_both_ways(R"("null")", "", "null");
  goes_both_ways(R"("boolean")", "\1", "true");
  goes_both_ways(R"("int")", "\1", "-1");
  goes_both_ways(R"("long")", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1", "9223372036854775807");
  goes_both_ways(R"("float")", "\0\0\xc0\x3f"s, "1.5");
  goes_both_ways(R"("double")", "\0\0\0\0\0\0\xf0\x3f"s, "1.0");
  goes_both_ways(R"("string")",
                 "\x0a"
                 "a\"\n\xc3\xa4",
                 R"("a\"\nä")");
  goes_both_ways(R"("bytes")", "\4\xff\0"s, R"("/wA=")");
  goes_both_ways("long", "\2", "1");  // as registries have it
}

TEST(Avro, NumbersThatAreNoneAreTexts) {
  goes_both_ways(R"("double")", "\0\0\0\0\0\0\xf0\x7f"s, R"("Infinity")");
  goes_both_ways(R"("float")", "\0\0\x80\xff"s, R"("-Infinity")");
  EXPECT_EQ(json_of(*avro(R"("double")"), "\0\0\0\0\0\0\xf8\x7f"s), R"("NaN")");
}

TEST(Avro, ComplexTypesGoBothWays) {
  goes_both_ways(R"({"type":"array","items":"int"})", "\4\2\4\0"s, "[1,2]");
  goes_both_ways(R"({"type":"map","values":"int"})", "\2\2k\2\0"s, R"({"k":1})");
  goes_both_ways(R"({"type":"enum","name":"E","symbols":["A","B"]})", "\2", R"("B")");
  goes_both_ways(R"({"type":"fixed","name":"F","size":2})", "ab", R"("YWI=")");
  goes_both_ways(R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},
                    {"name":"b","type":"string"}]})",
                 "\2\2x", R"({"a":1,"b":"x"})");
}

TEST(Avro, BlocksMayHaveTheirSize) {
  // A negative count is followed by the block's bytes; several blocks follow each other.
  EXPECT_EQ(json_of(*avro(R"({"type":"array","items":"int"})"), "\1\2\2\2\4\0"s), "[1,2]");
}

TEST(Avro, UnionsAreTheirValueWhereItTellsTheBranch) {
  goes_both_ways(R"(["null","string"])", "\0"s, "null");
  goes_both_ways(R"(["null","string"])", "\2\2x", R"("x")");
  goes_both_ways(R"(["null","long","double"])", "\4\0\0\0\0\0\0\xf8\x3f"s, "1.5");
  goes_both_ways(R"(["null",{"type":"array","items":"int"},{"type":"map","values":"int"}])",
                 "\2\0"s, "[]");
}

TEST(Avro, UnionsWhoseBranchesLookAlikeHaveTags) {
  goes_both_ways(R"(["null","string","bytes"])", "\2\2x", R"({"string":"x"})");
  goes_both_ways(R"(["null","string","bytes"])", "\4\2x", R"({"bytes":"eA=="})");
  goes_both_ways(R"(["null","string","bytes"])", "\0"s, "null");
  const std::string two = R"([{"type":"record","name":"a.A","fields":[{"name":"n","type":"int"}]},
                              {"type":"record","name":"a.B","fields":[{"name":"n","type":"int"}]}])";
  goes_both_ways(two, "\2\2", R"({"a.B":{"n":1}})");
  EXPECT_EQ(bytes_of(*avro(two), R"({"n":1})"),
            "E6165: the output does not fit its Avro schema at $: the union has no type \"n\"");
}

TEST(Avro, SchemasReferToThemselvesAndToOthers) {
  const std::string list = R"({"type":"record","name":"L","namespace":"x","fields":[
      {"name":"v","type":"int"},{"name":"next","type":["null","L"]}]})";
  goes_both_ways(list, "\2\2\4\0"s, R"({"v":1,"next":{"v":2,"next":null}})");
  const auto codec =
      avro(R"({"type":"record","name":"R","fields":[{"name":"l","type":"x.L"}]})", {{"x.L", list}});
  EXPECT_EQ(json_of(*codec, "\2\0"s), R"({"l":{"v":1,"next":null}})");
  EXPECT_EQ(codec->name({}), "R");
}

TEST(Avro, MissingFieldsHaveTheirDefaultOrNull) {
  const auto codec = avro(R"({"type":"record","name":"R","fields":[
      {"name":"a","type":"int","default":3},
      {"name":"b","type":["null","int"]},
      {"name":"c","type":["int","null"],"default":4},
      {"name":"d","type":"bytes","default":"\u00ff"},
      {"name":"e","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2},
       "default":"\u0001"}]})");
  EXPECT_EQ(bytes_of(*codec, "{}"), "\6\0\0\x08\2\xff\2\1"s);
}

TEST(Avro, WhatDoesNotFitIsNamedWithItsPath) {
  const auto codec = avro(R"({"type":"record","name":"Order","fields":[
      {"name":"id","type":"int"},
      {"name":"items","type":{"type":"array","items":{"type":"record","name":"Item","fields":[
         {"name":"price","type":"double"}]}}}]})");
  const std::string at = "E6165: the output does not fit its Avro schema at ";
  EXPECT_EQ(bytes_of(*codec, R"({"id":1,"items":[{"price":1},{"price":"x"}]})"),
            at + "$.items[1].price: a text is no double");
  EXPECT_EQ(bytes_of(*codec, R"({"id":5000000000,"items":[]})"), at + "$.id: 5000000000 is no int");
  EXPECT_EQ(bytes_of(*codec, R"({"id":1.5,"items":[]})"), at + "$.id: a number is no int");
  EXPECT_EQ(bytes_of(*codec, R"({"id":1})"), at + "$.items: it is missing, and has no default");
  EXPECT_EQ(bytes_of(*codec, R"({"id":1,"items":[],"more":1})"),
            at + "$: Order has no field \"more\"");
  EXPECT_EQ(bytes_of(*codec, "[]"), at + "$: a list is no Order");
  EXPECT_TRUE(bytes_of(*codec, "\0\1").starts_with("E6165: the output is not JSON"));
}

TEST(Avro, HostileBytesAreRefusedWithTheirPlace) {
  const std::string at = "E6163: the record does not fit its Avro schema at ";
  EXPECT_EQ(json_of(*avro(R"("long")"), "\xff"), at + "$: a number ends in the middle");
  EXPECT_EQ(json_of(*avro(R"("long")"), std::string(11, '\xff')),
            at + "$: a number has more than 64 bits");
  EXPECT_EQ(json_of(*avro(R"("int")"), "\x80\x80\x80\x80\x80\x01"),
            at + "$: 17179869184 is no int");
  EXPECT_EQ(json_of(*avro(R"("string")"), "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\1"),
            at + "$: 9223372036854775807 bytes are expected and 0 are left");
  EXPECT_EQ(json_of(*avro(R"("bytes")"), "\1"), at + "$: a length is negative (-1)");
  EXPECT_EQ(json_of(*avro(R"("string")"), "\2\xff"), at + "$: a string is not UTF-8");
  EXPECT_EQ(json_of(*avro(R"("boolean")"), "\2"), at + "$: a boolean is neither 0 nor 1");
  EXPECT_EQ(json_of(*avro(R"(["null","int"])"), "\4"), at + "$: a union has no branch 2");
  EXPECT_EQ(json_of(*avro(R"({"type":"enum","name":"E","symbols":["A"]})"), "\2"),
            at + "$: E has no symbol 1");
  EXPECT_EQ(json_of(*avro(R"("null")"), "x"), at + "$: 1 bytes are left behind the value");
  EXPECT_EQ(json_of(*avro(R"({"type":"map","values":"int"})"), "\2\2\xff"),
            at + "$: a key is not UTF-8");
}

TEST(Avro, WhatGrowsIsBounded) {
  // A billion nulls in six bytes, records without fields, and a list that never ends.
  const std::string billion = "\x80\xa8\xd6\xb9\x07"s;
  EXPECT_NE(
      json_of(*avro(R"({"type":"array","items":"null"})"), billion).find("16777216 bytes of JSON"),
      std::string::npos);
  EXPECT_NE(json_of(*avro(R"({"type":"array","items":{"type":"record","name":"R","fields":[]}})"),
                    billion)
                .find("16777216 bytes of JSON"),
            std::string::npos);
  const auto list =
      avro(R"({"type":"record","name":"L","fields":[{"name":"n","type":["null","L"]}]})");
  EXPECT_NE(json_of(*list, std::string(1'000'000, '\2')).find("nested more than 64 deep"),
            std::string::npos);
  const auto endless = avro(R"({"type":"record","name":"L","fields":[{"name":"n","type":"L"}]})");
  EXPECT_NE(json_of(*endless, "").find("nested more than 64 deep"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += R"({"n":)";
  EXPECT_NE(bytes_of(*endless, deep + "null" + std::string(60, '}')), "");
}

TEST(Avro, EveryPrefixAndEveryChangedByteIsHandled) {
  const std::string schema = R"({"type":"record","name":"R","fields":[
      {"name":"a","type":{"type":"array","items":["null","string","R"]}},
      {"name":"m","type":{"type":"map","values":"bytes"}},{"name":"d","type":"double"}]})";
  const auto codec = avro(schema);
  const std::string json = R"({"a":["x",null,{"a":[],"m":{},"d":1.0}],"m":{"k":"AAA="},"d":2.5})";
  const std::string good = bytes_of(*codec, json);
  ASSERT_EQ(json_of(*codec, good), json);
  for (std::size_t i = 0; i < good.size(); ++i) {
    EXPECT_TRUE(json_of(*codec, good.substr(0, i)).starts_with("E6163")) << i;
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      json_of(*codec, changed);
    }
  }
}

TEST(Avro, SchemasThatAreNoneAreRefused) {
  EXPECT_TRUE(refused("{").starts_with("E6162: not a valid Avro schema: it is not JSON"));
  EXPECT_EQ(refused(R"({"type":"record","name":"R"})"),
            "E6162: not a valid Avro schema: R has no fields");
  EXPECT_EQ(refused(R"("Order")"), "E6162: not a valid Avro schema: there is no type \"Order\"");
  EXPECT_EQ(refused(R"(["int","int"])"),
            "E6162: not a valid Avro schema: a union has \"int\" twice");
  EXPECT_EQ(refused(R"([["int"]])"),
            "E6162: not a valid Avro schema: a union is directly in a union");
  EXPECT_EQ(refused("[]"), "E6162: not a valid Avro schema: a union is empty");
  EXPECT_EQ(refused(R"({"type":"fixed","name":"F"})"),
            "E6162: not a valid Avro schema: F has no size");
  EXPECT_EQ(refused(R"({"type":"array"})"),
            "E6162: not a valid Avro schema: an array or a map has no `items`");
  EXPECT_EQ(refused("7"), "E6162: not a valid Avro schema: a type is a name, a list or an object");
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"type":"array","items":)";
  EXPECT_TRUE(refused(deep + "\"int\"" + std::string(100, '}')).find("nested") !=
              std::string::npos);
}

// What has no bytes of its own may still be endless, and what has few become large.
TEST(Avro, DefaultsOfDefaultsHaveAnEnd) {
  std::string type = R"({"type":"record","name":"R0","fields":[]})";
  for (int i = 1; i <= 40; ++i)
    type = fmt::format(
        R"({{"type":"record","name":"R{}","fields":[{{"name":"a","type":{},"default":{{}}}},
                          {{"name":"b","type":"R{}","default":{{}}}}]}})",
        i, type, i - 1);
  EXPECT_NE(bytes_of(*avro(type), "{}").find("it has more than 10000000 values"),
            std::string::npos);
  const auto large = avro(fmt::format(
      R"({{"type":"array","items":{{"type":"record","name":"R","fields":
          [{{"name":"a","type":"string","default":"{}"}}]}}}})",
      std::string(100'000, 'x')));
  std::string many = "[{}";
  for (int i = 0; i < 10'000; ++i) many += ",{}";
  std::string bytes;
  const auto ok = large->encode(many + "]", bytes);
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, "E6165");
  EXPECT_NE(ok.error().message.find("it becomes more than 16777216 bytes"), std::string::npos);
  EXPECT_LT(bytes.size(), 17U << 20);
}

TEST(Avro, DecimalsTakeAllNumbers) {
  const auto of_scale = [](int scale) {
    return avro(fmt::format(
        R"({{"type":"bytes","logicalType":"decimal","precision":40,"scale":{}}})", scale));
  };
  const auto round_trip = [](const Codec& codec, std::string_view json) {
    return json_of(codec, bytes_of(codec, json));
  };
  EXPECT_EQ(round_trip(*of_scale(9), "0.00000001"), R"("0.000000010")");
  EXPECT_EQ(round_trip(*of_scale(0), "1e20"), R"("100000000000000000000")");
  EXPECT_EQ(round_trip(*of_scale(0), "18446744073709551615"), R"("18446744073709551615")");
  EXPECT_EQ(round_trip(*of_scale(2), "-12.5"), R"("-12.50")");
  EXPECT_NE(bytes_of(*of_scale(2), "1e400").find("E6165"), std::string::npos);
}

TEST(Avro, MessagesAndNamesAreShort) {
  const std::string text = '"' + std::string(100'000, 'x') + '"';
  for (const char* type :
       {R"({"type":"bytes","logicalType":"decimal","precision":9})",
        R"({"type":"enum","name":"E","symbols":["A"]})", R"({"type":"int","logicalType":"date"})"})
    EXPECT_LT(bytes_of(*avro(type), text).size(), 500U) << type;
  for (const char* type :
       {R"({"type":"record","name":"R","fields":[]})",
        R"({"type":"fixed","name":"F","size":12,"logicalType":"duration"})",
        R"([{"type":"map","values":"int"},{"type":"record","name":"R","fields":[]}])"})
    EXPECT_LT(bytes_of(*avro(type), "{" + text + ":1}").size(), 500U) << type;
  for (const std::string& type : {text, R"({"type":"enum","symbols":[],"name":)" + text + "}",
                                  "[" + text + "]", std::string(100'000, 'x')})
    EXPECT_LT(refused(type).size(), 500U);
  EXPECT_EQ(
      avro(R"({"type":"enum","symbols":[],"name":")" + std::string(300, 'x') + "\"}")->name(""), "")
      << "every event would have it as a header";
}

TEST(Avro, ManyFieldsAreReadSoon) {
  std::string type = R"({"type":"record","name":"R","fields":[{"name":"f","type":"int"})";
  for (int i = 0; i < 30'000; ++i) type += fmt::format(R"(,{{"name":"f{}","type":"int"}})", i);
  EXPECT_EQ(refused(type + "]}"), "accepted");
  EXPECT_EQ(refused(type + R"(,{"name":"f7","type":"int"}]})"),
            "E6162: not a valid Avro schema: R has two fields \"f7\"");
}

}  // namespace
}  // namespace pelton::schema
