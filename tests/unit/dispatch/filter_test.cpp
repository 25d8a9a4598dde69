// SPDX-License-Identifier: Apache-2.0
#include "engine/dispatch/filter.h"

#include "engine/model/batch_builder.h"

#include <gtest/gtest.h>

namespace pelton::dispatch {
namespace {

using Kind = config::FieldRef::Kind;
using Is = config::Matcher::Kind;

class FilterTest : public ::testing::Test {
 protected:
  FilterTest() {
    event_.id = "id-1";
    event_.source = "/shop/1";
    event_.type = "order.created";
    event_.subject = "s";
    event_.content_type = "application/json";
    event_.key = "k";
    event_.has_key = true;
    event_.time_us = 1'700'000'000'000'000;
    event_.headers = {{"region", "eu-west"}, {"empty", ""}};
    event_.data = R"({"amount": 12.5, "paid": true, "note": null, "name": "caf\u00e9",
                     "items": [1, 2], "nested": {"deep": {"value": "x"}}, "big": 9007199254740993})";
  }

  static config::FieldRef field(Kind kind, std::vector<std::string> path = {}) {
    config::FieldRef ref;
    ref.kind = kind;
    ref.path = std::move(path);
    return ref;
  }
  static config::FieldRef data(std::vector<std::string> path) {
    return field(Kind::data, std::move(path));
  }
  static config::Matcher matcher(Is kind, std::string text = "") {
    config::Matcher matcher;
    matcher.kind = kind;
    matcher.text = std::move(text);
    return matcher;
  }
  static config::Matcher exists(bool wanted) {
    config::Matcher matcher;
    matcher.kind = Is::exists;
    matcher.flag = wanted;
    return matcher;
  }
  static config::Matcher number(Number value) {
    config::Matcher matcher;
    matcher.number = value;
    return matcher;
  }
  bool passes(std::vector<config::FilterRule> rules) {
    model::BatchBuilder builder;
    builder.add(event_);
    return Filter(std::move(rules)).passes(*builder.finish(), 0);
  }
  bool holds(config::FieldRef ref, config::Matcher one) {
    return passes({{std::move(ref), {one}}});
  }

  model::EventView event_;
};

TEST_F(FilterTest, AttributesAreCompared) {
  EXPECT_TRUE(holds(field(Kind::type), matcher(Is::equals, "order.created")));
  EXPECT_FALSE(holds(field(Kind::type), matcher(Is::equals, "order")));
  EXPECT_TRUE(holds(field(Kind::source), matcher(Is::prefix, "/shop")));
  EXPECT_TRUE(holds(field(Kind::content_type), matcher(Is::suffix, "json")));
  EXPECT_TRUE(holds(field(Kind::id), matcher(Is::glob, "id-?")));
  EXPECT_FALSE(holds(field(Kind::key), matcher(Is::glob, "?k")));
  EXPECT_TRUE(holds(field(Kind::subject), exists(true)));
  EXPECT_TRUE(holds(field(Kind::time), matcher(Is::prefix, "2023-11-14T")));
}

TEST_F(FilterTest, AnAbsentAttributeDoesNotExist) {
  event_.has_key = false;
  event_.subject = "";
  EXPECT_TRUE(holds(field(Kind::key), exists(false)));
  EXPECT_TRUE(holds(field(Kind::subject), exists(false)));
  EXPECT_FALSE(holds(field(Kind::key), matcher(Is::glob, "*")));
}

TEST_F(FilterTest, HeadersAreFoundByName) {
  config::FieldRef header = field(Kind::header);
  header.header = "region";
  EXPECT_TRUE(holds(header, matcher(Is::glob, "eu-*")));
  header.header = "empty";
  EXPECT_TRUE(holds(header, exists(true)));
  header.header = "other";
  EXPECT_TRUE(holds(header, exists(false)));
}

TEST_F(FilterTest, JsonValuesKeepTheirType) {
  config::Matcher yes;
  yes.flag = true;
  config::Matcher null;
  null.null = true;
  EXPECT_TRUE(holds(data({"amount"}), number(12.5)));
  EXPECT_TRUE(holds(data({"paid"}), yes));
  EXPECT_FALSE(holds(data({"paid"}), matcher(Is::equals, "true")));
  EXPECT_TRUE(holds(data({"note"}), null));
  EXPECT_TRUE(holds(data({"note"}), exists(true)));
  EXPECT_FALSE(holds(data({"amount"}), null));
  EXPECT_TRUE(holds(data({"name"}), matcher(Is::equals, "caf\u00e9")));
  EXPECT_TRUE(holds(data({"nested", "deep", "value"}), matcher(Is::equals, "x")));
  EXPECT_TRUE(holds(data({"items"}), exists(true)));
  EXPECT_FALSE(holds(data({"items", "x"}), exists(true)));
  EXPECT_TRUE(holds(data({"missing"}), exists(false)));
}

TEST_F(FilterTest, IntegersBeyondDoublesCompareExactly) {
  EXPECT_TRUE(holds(data({"big"}), number(*parse_number("9007199254740993"))));
  EXPECT_FALSE(holds(data({"big"}), number(*parse_number("9007199254740992"))));
  config::Matcher range;
  range.kind = Is::range;
  range.above = *parse_number("9007199254740992");
  EXPECT_TRUE(holds(data({"big"}), range));
  range.above = *parse_number("9007199254740993");
  EXPECT_FALSE(holds(data({"big"}), range));
}

TEST_F(FilterTest, AFieldIsFoundHoweverItsNameIsWritten) {
  for (const std::string_view json :
       {R"({"größe": 91})", R"({"gr\u00f6\u00dfe": 91})", R"({"a\"b": {}, "gr\u00f6ße" : 91})"}) {
    event_.data = json;
    EXPECT_TRUE(holds(data({"größe"}), number(91))) << json;
    EXPECT_FALSE(holds(data({"gr\\u00f6\\u00dfe"}), exists(true))) << json;
  }
  event_.data = R"({"\u0061": {"\u00e9\u00e9": {"c": true}}})";
  EXPECT_TRUE(holds(data({"a", "éé", "c"}), exists(true)));
}

TEST_F(FilterTest, JsonMayBeginWithAByteOrderMark) {
  event_.data = "\xEF\xBB\xBF{\"amount\": 3}";
  EXPECT_TRUE(holds(data({"amount"}), number(3)));
}

TEST_F(FilterTest, RangesCompareNumbersAlsoInText) {
  config::Matcher range;
  range.kind = Is::range;
  range.at_least = 12.5;
  range.below = 13;
  EXPECT_TRUE(holds(data({"amount"}), range));
  range.above = 12.5;
  EXPECT_FALSE(holds(data({"amount"}), range));
  EXPECT_FALSE(holds(data({"name"}), range));
  event_.key = "12.75";
  EXPECT_TRUE(holds(field(Kind::key), range));
  event_.key = "12.75x";
  EXPECT_FALSE(holds(field(Kind::key), range));
}

TEST_F(FilterTest, DataThatIsNotJsonHasNoFields) {
  for (const std::string_view bad :
       {"", "{", "not json", "[1]", "42", "{\"amount\" 1}", "\xff\xfe"}) {
    event_.data = bad;
    EXPECT_FALSE(holds(data({"amount"}), exists(true))) << bad;
    EXPECT_TRUE(holds(data({"amount"}), exists(false))) << bad;
  }
}

TEST_F(FilterTest, DataNestedWithoutEndDoesNoHarm) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += R"({"a":)";
  event_.data = deep;
  EXPECT_TRUE(holds(data({"b"}), exists(false)));
  deep = R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + R"(,"b":1})";
  event_.data = deep;
  EXPECT_TRUE(holds(data({"b"}), exists(true))) << "what a filter does not name is passed over";
}

TEST_F(FilterTest, ATombstoneHasNoData) {
  event_.has_data = false;
  EXPECT_TRUE(holds(data({}), exists(false)));
}

TEST_F(FilterTest, TheWholeDataIsText) {
  event_.data = "plain text";
  EXPECT_TRUE(holds(data({}), matcher(Is::suffix, "text")));
}

TEST_F(FilterTest, EveryRuleAndAnyMatcherMustHold) {
  const config::FilterRule type{field(Kind::type),
                                {matcher(Is::equals, "other"), matcher(Is::prefix, "order.")}};
  const config::FilterRule amount{data({"amount"}), {number(1)}};
  EXPECT_TRUE(passes({type}));
  EXPECT_FALSE(passes({type, amount}));
  EXPECT_TRUE(passes({}));
}

}  // namespace
}  // namespace pelton::dispatch
