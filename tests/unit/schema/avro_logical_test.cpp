// SPDX-License-Identifier: Apache-2.0
#include "engine/schema/avro/logical.h"
#include "engine/schema/codec.h"

#include <gtest/gtest.h>

#include <string>

namespace pelton::schema::avro {
namespace {

using namespace std::string_literals;

void is_text(Logical logical, std::int64_t number, const std::string& text) {
  EXPECT_EQ(time_text(logical, number), text);
  EXPECT_EQ(time_number(logical, text), number) << text;
}

TEST(AvroLogical, TimesAreTextsAsJsonHasThem) {
  is_text(Logical::date, 0, "1970-01-01");
  is_text(Logical::date, -719'528, "0000-01-01");
  is_text(Logical::date, 2'932'896, "9999-12-31");
  is_text(Logical::time_millis, 30'600'250, "08:30:00.250");
  is_text(Logical::time_micros, 1, "00:00:00.000001");
  is_text(Logical::timestamp_millis, 1'767'225'600'000, "2026-01-01T00:00:00Z");
  is_text(Logical::timestamp_millis, -1, "1969-12-31T23:59:59.999Z");
  is_text(Logical::timestamp_micros, 1'767'225'600'000'250, "2026-01-01T00:00:00.000250Z");
  is_text(Logical::local_timestamp_millis, 0, "1970-01-01T00:00:00");
  is_text(Logical::local_timestamp_micros, 1'500'000, "1970-01-01T00:00:01.500000");
}

TEST(AvroLogical, TimesBeyondAnyCalendarStayNumbers) {
  EXPECT_EQ(time_text(Logical::date, 2'932'897), std::nullopt);
  EXPECT_EQ(time_text(Logical::timestamp_millis, INT64_MAX), std::nullopt);
  EXPECT_EQ(time_text(Logical::timestamp_micros, INT64_MIN), std::nullopt);
  EXPECT_EQ(time_text(Logical::time_millis, 86'400'000), std::nullopt);
  EXPECT_EQ(time_text(Logical::time_millis, -1), std::nullopt);
}

TEST(AvroLogical, TextsOfTimesAreReadStrictly) {
  EXPECT_EQ(time_number(Logical::timestamp_millis, "1970-01-01T01:00:00+01:00"), 0);
  EXPECT_EQ(time_number(Logical::timestamp_millis, "1970-01-01T00:00:00.5Z"), 500);
  EXPECT_EQ(time_number(Logical::timestamp_millis, "1970-01-01T00:00:00.500000Z"), 500);
  for (const char* bad :
       {"", "1970", "1970-01-01", "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:00", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.0005Z",
        "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+25:00", "-1970-01-01T00:00:00Z"})
    EXPECT_EQ(time_number(Logical::timestamp_millis, bad), std::nullopt) << bad;
  EXPECT_EQ(time_number(Logical::date, "2026-13-01"), std::nullopt);
  EXPECT_EQ(time_number(Logical::time_millis, "8:30:00"), std::nullopt);
}

void is_decimal(const std::string& bytes, std::uint32_t scale, const std::string& text) {
  EXPECT_EQ(decimal_text(bytes, scale), text);
  EXPECT_EQ(decimal_bytes(text, scale), bytes) << text;
}

TEST(AvroLogical, DecimalsAreExact) {
  is_decimal("\0"s, 0, "0");
  is_decimal("\0"s, 2, "0.00");
  is_decimal("\x30\x39", 2, "123.45");
  is_decimal("\xcf\xc7", 2, "-123.45");
  is_decimal("\xff", 3, "-0.001");
  is_decimal("\0\x80"s, 0, "128");
  is_decimal("\x80", 0, "-128");
  is_decimal("\x01\x8e\xe9\x0f\xf6\xc3\x73\xe0\xee\x4e\x3f\x0a\xd2", 10,
             "12345678901234567890.1234567890");
  EXPECT_EQ(decimal_text("", 1), "0.0");
  EXPECT_EQ(decimal_bytes("1.500", 1), "\x0f");
  for (const char* bad : {"", "-", ".5", "1.", "1.25", "1e3", "0x1", "1,5", "NaN"})
    EXPECT_EQ(decimal_bytes(bad, 1), std::nullopt) << bad;
  EXPECT_EQ(decimal_text(std::string(500, '\x7f'), 0), std::nullopt);
  EXPECT_EQ(decimal_bytes(std::string(1'001, '9'), 0), std::nullopt);
}

TEST(AvroLogical, SchemasSayWhatTheyMean) {
  const auto both = [](const std::string& schema, const std::string& bytes,
                       const std::string& json) {
    const auto codec = compile({Format::avro, schema}, "");
    ASSERT_TRUE(codec) << codec.error().text();
    std::string text, back;
    EXPECT_TRUE((*codec)->decode(bytes, text));
    EXPECT_EQ(text, json);
    EXPECT_TRUE((*codec)->encode(json, back));
    EXPECT_EQ(back, bytes);
  };
  both(R"({"type":"int","logicalType":"date"})", "\2", R"("1970-01-02")");
  both(R"({"type":"long","logicalType":"timestamp-millis"})", "\2",
       R"("1970-01-01T00:00:00.001Z")");
  both(R"({"type":"int","logicalType":"timestamp-millis"})", "\2", "1");  // of a long only
  both(R"({"type":"string","logicalType":"uuid"})", "\2x", R"("x")");
  both(R"({"type":"bytes","logicalType":"decimal","precision":5,"scale":2})", "\4\x30\x39",
       R"("123.45")");
  both(R"({"type":"fixed","name":"D","size":4,"logicalType":"decimal","precision":5,"scale":2})",
       "\xff\xff\xcf\xc7", R"("-123.45")");
  both(R"({"type":"bytes","logicalType":"decimal","precision":1,"scale":2})", "\2a", R"("YQ==")");
  both(R"({"type":"fixed","name":"D","size":12,"logicalType":"duration"})",
       "\1\0\0\0\2\0\0\0\3\0\0\0"s, R"({"months":1,"days":2,"milliseconds":3})");
  both(R"(["null",{"type":"long","logicalType":"timestamp-millis"}])", "\2\0"s,
       R"("1970-01-01T00:00:00Z")");
}

}  // namespace
}  // namespace pelton::schema::avro
