// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/codec.h"
#include "engine/schema/protobuf/message_indexes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace pelton::schema {
namespace {

using namespace std::string_literals;

const std::string kOrder = R"(syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "money.proto";
message Customer { message Address { string city = 1; } Address address = 1; }
message Order {
  int64 id = 1;
  repeated Money prices = 2;
  google.protobuf.Timestamp time = 3;
  enum State { NEW = 0; PAID = 1; }
  State state = 4;
  bytes raw = 5;
  Order parent = 6;
}
)";
const Source::Reference kMoney{"money.proto", R"(syntax = "proto3";
message Money { string currency = 1; double amount = 2; })"};

Result<std::unique_ptr<const Codec>> protobuf(const std::string& text,
                                              const std::string& message = "") {
  return compile({Format::protobuf, text, {kMoney}}, message);
}

std::string decoded(const Codec& codec, std::string_view bytes) {
  std::string json;
  const auto ok = codec.decode(bytes, json);
  return ok ? json : ok.error().text();
}

std::string encoded(const Codec& codec, std::string_view json) {
  std::string bytes;
  const auto ok = codec.encode(json, bytes);
  return ok ? bytes : ok.error().text();
}

TEST(Protobuf, MessagesBecomeJsonByTheOwnMapping) {
  const auto codec = protobuf(kOrder, "shop.Order");
  ASSERT_TRUE(codec) << codec.error().text();
  const std::string json =
      R"({"id":"7","prices":[{"currency":"EUR","amount":1.5}],"time":"2026-01-01T00:00:00Z","state":"PAID","raw":"/wA="})";
  const std::string bytes = encoded(**codec, json);
  EXPECT_EQ(bytes.substr(0, 2), "\2\2") << "the second message of the file";
  EXPECT_EQ(decoded(**codec, bytes), json);
  EXPECT_EQ((*codec)->name(bytes), "shop.Order");
}

TEST(Protobuf, TheRecordSaysWhichMessageItIs) {
  const auto codec = protobuf(kOrder);
  ASSERT_TRUE(codec) << codec.error().text();
  EXPECT_EQ(decoded(**codec,
                    "\0\x0a\6\x0a\4"
                    "Rome"s),
            R"({"address":{"city":"Rome"}})");
  EXPECT_EQ(decoded(**codec,
                    "\4\0\0\x0a\4"
                    "Rome"s),
            R"({"city":"Rome"})");
  EXPECT_EQ((*codec)->name("\4\0\0"s), "shop.Customer.Address");
  EXPECT_EQ(encoded(**codec, R"({"address":{"city":"Rome"}})"),
            "\0\x0a\6\x0a\4"
            "Rome"s);
  EXPECT_EQ(decoded(**codec, "\2\4"),
            "E6163: the record is of a message that its Protobuf schema does not have");
}

TEST(Protobuf, WhatDoesNotFitIsNamed) {
  const auto codec = protobuf(kOrder, "shop.Order");
  ASSERT_TRUE(codec);
  EXPECT_NE(encoded(**codec, R"({"prices":[{"amount":"much"}]})").find("prices[0].amount"),
            std::string::npos)
      << encoded(**codec, R"({"prices":[{"amount":"much"}]})");
  EXPECT_NE(encoded(**codec, R"({"more":1})").find("more"), std::string::npos);
  EXPECT_TRUE(encoded(**codec, "nonsense").starts_with("E6165"));
  EXPECT_TRUE(encoded(**codec, "").starts_with("E6165"));
}

TEST(Protobuf, HostileBytesAreRefused) {
  const auto codec = protobuf(kOrder, "shop.Order");
  ASSERT_TRUE(codec);
  const std::string good =
      encoded(**codec, R"({"id":"7","prices":[{"currency":"EUR"}],"parent":{"id":"8"}})");
  for (std::size_t i = 0; i < good.size(); ++i) decoded(**codec, good.substr(0, i));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[i] = static_cast<char>(value);
      decoded(**codec, changed);
    }
  for (const std::string& indexes :
       {""s, "\xff"s, "\1"s, "\x7f\x7f"s, "\xff\xff\xff\xff\xff\x0f"s, "\2"s, "\2\1"s})
    EXPECT_TRUE(decoded(**codec, indexes).starts_with("E6163")) << indexes.size();
  // A thousand parents.
  std::string deep;
  for (int i = 0; i < 1'000; ++i) {
    std::string size;
    for (auto rest = deep.size();; rest >>= 7) {
      size += static_cast<char>(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    deep = "\x32" + size + deep;
  }
  EXPECT_TRUE(decoded(**codec, "\2\2" + deep).starts_with("E6163"));
  EXPECT_TRUE(decoded(**codec, "\2\2\x12\xff\xff\xff\xff\x07").starts_with("E6163"));
}

TEST(Protobuf, WhatGrowsIsBounded) {
  const auto codec = compile({Format::protobuf, R"(syntax = "proto3";
message A { enum E { THE_FIRST_NAME_OF_ALL_THE_VALUES_THAT_THERE_ARE = 0; } repeated E e = 1; })"},
                             "");
  ASSERT_TRUE(codec);
  const std::string zeros(1'000'000, '\0');
  EXPECT_EQ(decoded(**codec, "\0\x0a\xc0\x84\x3d"s + zeros),
            "E6163: the record becomes more than 16777216 bytes of JSON");
}

std::size_t most_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6)) * 1024;
  return 0;
}

// An item takes two bytes in the record; as a whole message, each would take 24 KB.
TEST(Protobuf, ManyEmptyItemsOfAWideMessageTakeLittle) {
  std::string text = "syntax = \"proto3\"; message A { repeated B b = 1; } message B {";
  for (int i = 1; i <= 3'000; ++i) text += fmt::format(" int64 f{} = {};", i, i);
  const auto codec = compile({Format::protobuf, text + "}"}, "");
  ASSERT_TRUE(codec) << codec.error().text();
  std::string record(1, '\0');
  for (int i = 0; i < 20'000; ++i) record += "\x0a\0"s;
  const std::size_t before = most_memory();
  EXPECT_TRUE(decoded(**codec, record).starts_with(R"({"b":[{},{})"));
  EXPECT_LT(most_memory() - before, 100U << 20);
}

TEST(Protobuf, SchemasBeyondTheBoundsAreRefused) {
  const auto why = [](const std::string& text) {
    const auto codec = compile({Format::protobuf, "syntax = \"proto3\"; " + text}, "");
    return codec ? "accepted" : codec.error().text();
  };
  const auto times = [](int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  const std::string kNot = "E6162: not a valid Protobuf schema: ";
  const std::size_t before = most_memory();
  EXPECT_EQ(why(times(10'000, "message A {") + times(10'000, "}")),
            kNot + "it is nested more than 64 deep");
  EXPECT_EQ(why("/* { */ // {\nmessage A { option (x) = \"{'\\\"{\"; " + times(70, "{") + "}"),
            kNot + "it is nested more than 64 deep");
  EXPECT_EQ(why(times(70, "/* { */ // {\n") + "message A { int32 a = 1; }"), "accepted");
  EXPECT_EQ(why("message A { " + times(100'000, "a.") + "B x = 1; }"),
            kNot + "a name has more than 1024 characters");
  EXPECT_EQ(why("package " + std::string(2'000, 'p') + "; message A {}"),
            kNot + "a name has more than 1024 characters");
  std::string wide = "package " + std::string(1'000, 'p') + "; message A {";
  for (int i = 1; i < 18'000; ++i) wide += fmt::format(" int32 f{}={};", i, i);
  EXPECT_EQ(why(wide + "}"),
            kNot + "the full names of its parts have more than 16777216 characters");
  std::string reserved = "message A { reserved 100000";
  for (int i = 1; i < 5'000; ++i) reserved += fmt::format(",{}", 100'000 + 2 * i);
  EXPECT_EQ(why(reserved + "; }"), kNot + "it has too many reserved or extension ranges");
  EXPECT_LT(most_memory() - before, 200U << 20);
}

TEST(Protobuf, GroupsPackedListsAndUnknownFieldsAreCheckedToo) {
  const auto codec = compile({Format::protobuf, R"(syntax = "proto2";
message A { optional group G = 1 { optional int32 n = 2; } repeated int32 p = 3 [packed = true];
  repeated fixed32 f = 4 [packed = true]; optional A a = 5; })"},
                             "");
  ASSERT_TRUE(codec) << codec.error().text();
  EXPECT_EQ(decoded(**codec, "\0\x0b\x10\1\x0c"s), "{}") << "a group is passed over";
  EXPECT_EQ(decoded(**codec, "\0\x1a\2\1\2"s), R"({"p":[1,2]})");
  EXPECT_EQ(decoded(**codec, "\0\x53\x58\1\x54\x5a\1x"s), "{}") << "fields 10 and 11";
  for (const std::string& bad : {"\x0b"s, "\x0b\x10\1"s, "\x0b\x14"s, "\x0c"s, "\x1a\2\1\xff"s,
                                 "\x22\3"
                                 "abc"s,
                                 "\x25"
                                 "ab"s,
                                 "\x21"
                                 "ab"s,
                                 "\x53"s, "\x5a\2x"s, "\2"s, "\x0e"s, "\xff\xff\xff\xff\xff\1"s,
                                 "\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"s, "\x2a\1\x0b"s})
    EXPECT_TRUE(decoded(**codec, "\0"s + bad).starts_with("E6163")) << testing::PrintToString(bad);
  std::string groups(70, '\x0b');
  EXPECT_TRUE(decoded(**codec, "\0"s + groups + std::string(70, '\x0c')).starts_with("E6163"));
}

TEST(Protobuf, MessagesAreShort) {
  const auto codec = protobuf(kOrder, "shop.Order");
  ASSERT_TRUE(codec);
  EXPECT_LT(encoded(**codec, R"({"id":")" + std::string(100'000, 'x') + "\"}").size(), 500U);
}

TEST(Protobuf, SchemasThatAreNoneAreRefused) {
  const auto why = [](const std::string& text, const std::string& message = "") {
    const auto codec = compile({Format::protobuf, text}, message);
    return codec ? "accepted" : codec.error().text();
  };
  EXPECT_TRUE(
      why("message A { int32 }").starts_with("E6162: not a valid Protobuf schema: the schema:1:"))
      << why("message A { int32 }");
  EXPECT_NE(why("syntax = \"proto3\"; import \"x.proto\"; message A {}").find("x.proto"),
            std::string::npos);
  EXPECT_NE(why("syntax = \"proto3\"; message A { B b = 1; }").find("\"B\" is not defined"),
            std::string::npos);
  EXPECT_EQ(why("syntax = \"proto3\";"), "E6162: not a valid Protobuf schema: it has no message");
  EXPECT_EQ(why("syntax = \"proto3\"; message A {}", "B"),
            "E6162: not a valid Protobuf schema: it has no message B");
}

TEST(Protobuf, CompiledFilesAreSchemasToo) {
  // message Compiled { string a = 1; } in proto3, as Python's serializer registers it.
  const auto codec = compile(
      {Format::protobuf, "Cgpjb21wLnByb3RvIhUKCENvbXBpbGVkEgkKAWEYASABKAliBnByb3RvMw=="}, "");
  ASSERT_TRUE(codec) << codec.error().text();
  EXPECT_EQ(decoded(**codec, "\0\x0a\1x"s), R"({"a":"x"})");
}

TEST(Protobuf, IndexesGoBothWays) {
  for (const std::vector<int>& indexes : {std::vector<int>{0}, {1}, {0, 0}, {300, 2, 70'000}}) {
    std::string bytes;
    protobuf::append_indexes(bytes, indexes);
    std::string_view rest = bytes;
    EXPECT_EQ(protobuf::take_indexes(rest), indexes);
    EXPECT_TRUE(rest.empty());
  }
}

}  // namespace
}  // namespace pelton::schema
