// SPDX-License-Identifier: Apache-2.0
#include "connectors/database/table_pattern.h"
#include "connectors/postgres/values.h"

#include <gtest/gtest.h>

#include <map>

namespace pelton::postgres {
namespace {

using database::TablePattern;

class FakeCatalog final : public Catalog {
 public:
  Result<std::optional<TypeFacts>> type(Oid oid) override {
    ++asked;
    const auto at = types.find(oid);
    return at == types.end() ? std::nullopt : std::optional(at->second);
  }
  Result<std::vector<std::string>> primary_key(Oid) override { return std::vector<std::string>{}; }

  std::map<Oid, TypeFacts> types;
  int asked = 0;
};

class PostgresValues : public testing::Test {
 protected:
  std::string json(Oid oid, std::string_view text, Decimals decimals = Decimals::text) {
    std::string out;
    append_value(out, text, **types_.of(oid, catalog_), decimals);
    return out;
  }

  FakeCatalog catalog_;
  Types types_;
};

TEST_F(PostgresValues, NumbersAndWhatIsNone) {
  EXPECT_EQ(json(16, "t"), "true");
  EXPECT_EQ(json(16, "f"), "false");
  EXPECT_EQ(json(20, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(json(701, "1e+300"), "1e+300");
  EXPECT_EQ(json(701, "-0"), "-0");
  EXPECT_EQ(json(701, "NaN"), R"("NaN")");
  EXPECT_EQ(json(700, "-Infinity"), R"("-Infinity")");
  EXPECT_EQ(json(1700, "12345678901234567890.50"), R"("12345678901234567890.50")");
  EXPECT_EQ(json(1700, "12.50", Decimals::number), "12.50");
  EXPECT_EQ(json(1700, "NaN", Decimals::number), R"("NaN")");
  EXPECT_EQ(json(790, "-$1,234.50"), R"("-1234.50")");
}

TEST_F(PostgresValues, Texts) {
  EXPECT_EQ(json(25, ""), R"("")");
  EXPECT_EQ(json(25, "a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  EXPECT_EQ(json(25, "Grüße"), R"("Grüße")");
  EXPECT_EQ(json(25, "\xff"), R"("�")");
  EXPECT_EQ(json(3802, R"({"a": [1, null]})"), R"({"a": [1, null]})");
  EXPECT_EQ(json(17, "\\x00ff10"), R"("AP8Q")");
  EXPECT_EQ(json(17, "\\x"), R"("")");
  EXPECT_EQ(json(17, "\\xzz"), R"("\\xzz")");
}

TEST_F(PostgresValues, DatesOfEveryYear) {
  EXPECT_EQ(json(1082, "2026-11-28"), R"("2026-11-28")");
  EXPECT_EQ(json(1082, "0044-03-15 BC"), R"("-0043-03-15")");
  EXPECT_EQ(json(1082, "0001-01-01 BC"), R"("0000-01-01")");
  EXPECT_EQ(json(1082, "infinity"), R"("infinity")");
  EXPECT_EQ(json(1114, "2026-11-28 10:00:00.5"), R"("2026-11-28T10:00:00.5")");
  EXPECT_EQ(json(1184, "2026-11-28 10:00:00.123456+00"), R"("2026-11-28T10:00:00.123456Z")");
  EXPECT_EQ(json(1184, "294276-12-31 23:59:59.999999+00"), R"("+294276-12-31T23:59:59.999999Z")");
  EXPECT_EQ(json(1184, "4713-11-24 00:00:00+00 BC"), R"("-4712-11-24T00:00:00Z")");
  EXPECT_EQ(json(1184, "-infinity"), R"("-infinity")");
}

TEST_F(PostgresValues, ArraysOfAnyDimension) {
  EXPECT_EQ(json(1007, "{}"), "[]");
  EXPECT_EQ(json(1007, "{1,NULL,3}"), "[1,null,3]");
  EXPECT_EQ(json(1007, "{{1,2},{3,4}}"), "[[1,2],[3,4]]");
  EXPECT_EQ(json(1007, "[0:1][5:6]={{1,2},{3,4}}"), "[[1,2],[3,4]]");
  EXPECT_EQ(json(1009, R"({"NULL",NULL,"a\"b,{}\\",ü})"), R"(["NULL",null,"a\"b,{}\\","ü"])");
  EXPECT_EQ(json(1231, "{1.5,NaN}"), R"(["1.5","NaN"])");
  EXPECT_EQ(json(1001, R"({"\\x00ff"})"), R"(["AP8="])");
  EXPECT_EQ(json(3807, R"({"{\"a\": 1}",NULL})"), R"([{"a": 1},null])");
  EXPECT_EQ(catalog_.asked, 0);
}

TEST_F(PostgresValues, WhatIsNoArrayIsAText) {
  for (const char* text : {"", "1", "{", "{1", "{1}}", "{\"a", "{1}x", "[0:1]={"})
    EXPECT_EQ(json(1007, text).front(), '"') << text;
}

TEST_F(PostgresValues, TypesOfTheDatabase) {
  catalog_.types[20'000] = {.base = 1700, .element = 0, .delimiter = ',', .attributes = {}};
  catalog_.types[20'001] = {
      .base = 0, .element = 0, .delimiter = ',', .attributes = {{"x", 23}, {"na me", 20'002}}};
  catalog_.types[20'002] = {.base = 0, .element = 20'000, .delimiter = ',', .attributes = {}};
  catalog_.types[20'003] = {.base = 0, .element = 20'001, .delimiter = ',', .attributes = {}};
  catalog_.types[603] = {};  // box
  catalog_.types[1020] = {.base = 0, .element = 603, .delimiter = ';', .attributes = {}};
  EXPECT_EQ(json(20'000, "1.0"), R"("1.0")") << "a domain";
  EXPECT_EQ(json(20'001, R"t((1,"{1,2}"))t"), R"({"x":1,"na me":["1","2"]})");
  EXPECT_EQ(json(20'001, "(,)"), R"({"x":null,"na me":null})");
  EXPECT_EQ(json(20'003, R"t({"(1,\"{1,2}\")",NULL})t"), R"([{"x":1,"na me":["1","2"]},null])");
  EXPECT_EQ(json(1020, "{(1,1),(0,0);(2,2),(1,1)}"), R"t(["(1,1),(0,0)","(2,2),(1,1)"])t");
  EXPECT_EQ(json(20'001, "(1"), R"t("(1")t") << "not of its form";
  EXPECT_EQ(json(29'999, "gone"), R"("gone")") << "dropped";
  const int asked = catalog_.asked;
  json(20'003, "{}");
  EXPECT_EQ(catalog_.asked, asked) << "once a type";
}

TEST_F(PostgresValues, CompositesAreQuotedAsPostgresDoes) {
  catalog_.types[20'001] = {
      .base = 0, .element = 0, .delimiter = ',', .attributes = {{"a", 25}, {"b", 25}, {"c", 25}}};
  EXPECT_EQ(json(20'001, R"t(("","a ""b"" \\",x))t"), R"({"a":"","b":"a \"b\" \\","c":"x"})");
}

TEST(TablePattern, NamesAndPatterns) {
  const auto matches = [](const std::string& pattern, const char* schema, const char* table) {
    return TablePattern::parse(pattern, "public")->matches(schema, table);
  };
  EXPECT_TRUE(matches("orders", "public", "orders"));
  EXPECT_FALSE(matches("orders", "other", "orders"));
  EXPECT_TRUE(matches("inventory.*", "inventory", "a.b"));
  EXPECT_FALSE(matches("inventory.*", "inventory2", "a"));
  EXPECT_TRUE(matches("*.log_*_x", "s", "log_1_2_x"));
  EXPECT_FALSE(matches("*.log_*_x", "s", "log_x"));
  EXPECT_TRUE(matches(R"("My Schema"."a.*")", "My Schema", "a.*"));
  EXPECT_FALSE(matches(R"("My Schema"."a.*")", "My Schema", "a.b"));
  EXPECT_TRUE(TablePattern::parse("public.orders", "public")->exact());
  EXPECT_FALSE(TablePattern::parse("public.*", "public")->exact());
  for (const char* wrong : {"", ".", "a.", ".a", "a.b.c", "\"a", "\"a\"b"})
    EXPECT_FALSE(TablePattern::parse(wrong, "public")) << wrong;
}

}  // namespace
}  // namespace pelton::postgres
