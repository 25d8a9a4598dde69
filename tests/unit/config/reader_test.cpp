// SPDX-License-Identifier: Apache-2.0
#include "engine/config/spec/fields.h"
#include "engine/config/spec/section.h"
#include "tests/unit/config/fixture.h"

namespace pelton::config {
namespace {

OptionSpec option(const char* name, OptionType type, const char* fallback = "") {
  OptionSpec spec;
  spec.name = name;
  spec.type = type;
  spec.fallback = fallback;
  spec.sentence = "A sentence.";
  return spec;
}

// number n (default 3, at most 9), text t (required), list l; section s with number m (default 4)
// and required r.
SectionSpec spec() {
  SectionSpec section{"top", "Top.", {}, {}};
  section.options = {option("n", OptionType::number, "3"), option("t", OptionType::text),
                     option("l", OptionType::text_list)};
  section.options[0].at_most = "9";
  section.options[1].required = true;
  section.sections = {
      {"s", "Inner.", {option("m", OptionType::number, "4"), option("r", OptionType::text)}, {}}};
  section.sections[0].options[1].required = true;
  return section;
}

struct Read {
  Section section;
  std::vector<std::string> codes;
};

class ReaderTest : public ::testing::Test {
 protected:
  Read read(const std::string& text) {
    Diagnostics problems;
    const Environment nothing = [](const std::string&) { return std::nullopt; };
    ReadContext context{problems, {"/etc"}, nothing};
    tree_ = parse_yaml(text, problems);
    Read out{read_section(tree_, spec_, "thing x", context), {}};
    for (const Diagnostic& d : problems.sorted()) out.codes.push_back(d.code);
    messages_ = problems.sorted();
    return out;
  }
  std::string message() const { return messages_.empty() ? "" : messages_[0].message; }

  SectionSpec spec_ = spec();
  Node tree_;  // sections borrow it
  std::vector<Diagnostic> messages_;
};

using Codes = std::vector<std::string>;

TEST_F(ReaderTest, DefaultsAreFilledIn) {
  const Read out = read("t: x\n");
  EXPECT_EQ(out.codes, Codes{});
  EXPECT_EQ(out.section.value<std::int64_t>("n"), 3);
  EXPECT_EQ(out.section.value<std::int64_t>("s.m"), 4);
  EXPECT_FALSE(out.section.get<std::vector<std::string>>("l"));
}

TEST_F(ReaderTest, ABadValueHasItsDefault) {
  const Read out = read("t: x\nn: many\n");
  EXPECT_EQ(out.codes, Codes{"E1007"});
  EXPECT_EQ(out.section.value<std::int64_t>("n"), 3);
}

TEST_F(ReaderTest, OneTextIsAListOfOne) {
  EXPECT_EQ(*read("t: x\nl: y\n").section.get<std::vector<std::string>>("l"),
            std::vector<std::string>{"y"});
  EXPECT_EQ(read("t: x\nl: [y, z]\n").section.get<std::vector<std::string>>("l")->size(), 2U);
  EXPECT_EQ(read("t: x\nl: {y: z}\n").codes, Codes{"E1007"});
  EXPECT_EQ(read("t: x\nl: [y, [z]]\n").codes, Codes{"E1007"});
}

TEST_F(ReaderTest, RequiredOptionsOfASectionCountOnceItIsThere) {
  EXPECT_EQ(read("t: x\n").codes, Codes{});
  EXPECT_EQ(read("t: x\ns: {}\n").codes, Codes{"E1006"});
  EXPECT_EQ(read("t: x\ns:\n").codes, Codes{"E1006"});
  EXPECT_EQ(read("t: x\ns: { r: y }\n").codes, Codes{});
}

TEST_F(ReaderTest, NothingIsNotAValue) {
  EXPECT_EQ(read("t: ~\n").codes, Codes{"E1006"});
  EXPECT_EQ(read("t: \"\"\n").codes, Codes{"E1006"});
  EXPECT_EQ(read("t: x\nn: ~\n").section.value<std::int64_t>("n"), 3);
}

TEST_F(ReaderTest, UnknownKeysSayWhereAndWhatWasMeant) {
  read("t: x\ns: { r: y, mm: 3 }\n");
  ASSERT_EQ(messages_.size(), 1U);
  EXPECT_EQ(messages_[0].message, "unknown key \"mm\" in s of thing x (did you mean \"m\"?)");
  EXPECT_EQ(messages_[0].place.line, 2U);
  EXPECT_EQ(messages_[0].place.column, 12U);
}

TEST_F(ReaderTest, SectionsAreMappings) {
  EXPECT_EQ(read("[1]").codes, Codes{"E1007"});
  EXPECT_EQ(read("t: x\ns: 5\n").codes, Codes{"E1007"});
}

class ShorthandTest : public ReaderTest {
 protected:
  ShorthandTest() { shorthand("r"); }
  void shorthand(const char* option) { spec_.sections[0].shorthand = option; }
  void nothing_is_required() { spec_.sections[0].options[1].required = false; }
};

TEST_F(ShorthandTest, OneValueIsThatOfItsOption) {
  const Read out = read("t: x\ns: abc\n");
  EXPECT_EQ(out.codes, Codes{});
  EXPECT_EQ(out.section.get<std::string>("s.r"), "abc");
  EXPECT_EQ(out.section.value<std::int64_t>("s.m"), 4) << "the others have their defaults";
  EXPECT_EQ(out.section.place("s.r").column, 4U);
  EXPECT_EQ(read("t: x\ns: { r: abc, m: 5 }\n").section.value<std::int64_t>("s.m"), 5);
}

TEST_F(ShorthandTest, MessagesNameBothShapes) {
  EXPECT_EQ(read("t: x\ns: [abc]\n").codes, Codes{"E1007"});
  EXPECT_EQ(message(), "s of thing x must be a text (`r`) or a mapping, not a list");
  nothing_is_required();
  shorthand("m");
  EXPECT_EQ(read("t: x\ns: many\n").codes, Codes{"E1007"});
  EXPECT_EQ(message(),
            "s.m: \"many\" is not a whole number; s takes a whole number (`m`) or a mapping");
  EXPECT_EQ(messages_.at(0).place.line, 2U);
}

TEST_F(ShorthandTest, WhatIsRequiredIsStillMissing) {
  EXPECT_EQ(read("t: x\ns: \"\"\n").codes, Codes{"E1006"});
  EXPECT_EQ(read("t: x\ns:\n").codes, Codes{"E1006"});
  shorthand("m");
  EXPECT_EQ(read("t: x\ns: 5\n").codes, Codes{"E1006"});
  EXPECT_EQ(message(), "\"r\" is missing in s of thing x: A sentence.");
}

TEST_F(ShorthandTest, AListIsTheValueOfAnOptionThatTakesOne) {
  spec_.sections[0].options[1].type = OptionType::text_list;
  EXPECT_EQ(read("t: x\ns: [a, b]\n").codes, Codes{});
  EXPECT_EQ(read("t: x\ns: [a, b]\n").section.get<std::vector<std::string>>("s.r"),
            (std::vector<std::string>{"a", "b"}));
}

TEST_F(ShorthandTest, AWholeSectionMayBeOneValue) {
  spec_.shorthand = "t";
  EXPECT_EQ(read("abc").codes, Codes{});
  EXPECT_EQ(read("abc").section.get<std::string>("t"), "abc");
  EXPECT_EQ(read("[abc]").codes, Codes{"E1007"});
  EXPECT_EQ(message(), "thing x must be a text (`t`) or a mapping, not a list");
}

// Sections of a user's own number and names.
struct Rule {
  std::string path;
  std::uint32_t weight = 1;
};
struct Limit {
  Duration time{};
};
struct RuledRoute {
  std::vector<Rule> rules;
  std::map<std::string, Limit> limits;
};

Fields<RuledRoute> route_fields() {
  return Fields<RuledRoute>("route", "A route.")
      .listed(&RuledRoute::rules,
              Fields<Rule>("rules", "Rules.")
                  .option("path", &Rule::path, "A path.", {.required = true})
                  .option("weight", &Rule::weight, "A weight.", {.at_most = "9"})
                  .shorthand("path"))
      .named(&RuledRoute::limits, Fields<Limit>("limits", "Limits.")
                                      .option("time", &Limit::time, "A time.", {.at_least = "1s"}));
}

class EntriesTest : public ::testing::Test {
 protected:
  RuledRoute read(const std::string& text) {
    Diagnostics problems;
    const Environment nothing = [](const std::string&) { return std::nullopt; };
    ReadContext context{problems, {"/etc"}, nothing};
    const Node tree = parse_yaml(text, problems);
    const Section section = read_section(tree, route_fields().spec(), "route x", context);
    RuledRoute route;
    route_fields().fill(section, "", context, route);
    messages_.clear();
    for (const Diagnostic& d : problems.sorted()) messages_.push_back(d.code + " " + d.message);
    return route;
  }
  std::vector<std::string> changes(const std::string& before, const std::string& after) {
    std::vector<std::string> all;
    for (const OptionChange& change : route_fields().differences(read(before), read(after)))
      all.push_back(fmt::format("{} {} -> {}", change.option, change.before.value_or("unset"),
                                change.after.value_or("unset")));
    return all;
  }
  using Lines = std::vector<std::string>;
  Lines messages_;
};

TEST_F(EntriesTest, AListHasValuesAndMappings) {
  const RuledRoute route = read("rules: [/a, { path: /b, weight: 5 }]");
  EXPECT_EQ(messages_, Lines{});
  ASSERT_EQ(route.rules.size(), 2U);
  EXPECT_EQ(route.rules[0].path, "/a");
  EXPECT_EQ(route.rules[0].weight, 1U);
  EXPECT_EQ(route.rules[1].path, "/b");
  EXPECT_EQ(route.rules[1].weight, 5U);
  EXPECT_TRUE(read("rules:\nlimits:\n").rules.empty());
  EXPECT_EQ(messages_, Lines{});
}

TEST_F(EntriesTest, NamesAreTheUsersOwn) {
  const RuledRoute route = read("limits: { cpu.max: { time: 2s }, io: }");
  EXPECT_EQ(messages_, Lines{});
  ASSERT_EQ(route.limits.size(), 2U);
  EXPECT_EQ(route.limits.at("cpu.max").time, std::chrono::seconds(2));
  EXPECT_EQ(route.limits.at("io").time, Duration{});
}

TEST_F(EntriesTest, MessagesNameTheEntry) {
  read("rules: [{ weight: 5 }, { path: /b, weight: 50 }, [/c], { path: /d, wieght: 1 }]");
  EXPECT_EQ(messages_,
            (Lines{"E1006 \"path\" is missing in rules[0] of route x: A path.",
                   "E1009 rules[1].weight: 50 is more than 9",
                   "E1007 rules[2] of route x must be a text (`path`) or a mapping, not a list",
                   "E1005 unknown key \"wieght\" in rules[3] of route x (did you mean "
                   "\"weight\"?)"}));
  read("limits: { CPU: { time: 1ms } }");
  ASSERT_EQ(messages_.size(), 2U);
  EXPECT_TRUE(messages_[0].starts_with("E1011 \"CPU\"")) << messages_[0];
  EXPECT_EQ(messages_[1], "E1009 limits[CPU].time: 1ms is less than 1s");
}

TEST_F(EntriesTest, MessagesNameTheShape) {
  read("rules: /a\nlimits: [2s]\n");
  EXPECT_EQ(messages_,
            (Lines{"E1007 rules of route x must be a list, each entry of which is a text (`path`) "
                   "or a mapping, not a value",
                   "E1007 limits of route x must be a mapping of names, each to a mapping, not a "
                   "list"}));
}

TEST_F(EntriesTest, DifferencesAreThoseOfTheEntries) {
  EXPECT_EQ(changes("rules: [/a]", "rules: [/a]"), Lines{});
  EXPECT_EQ(changes("rules: [/a]", "rules: [{ path: /a, weight: 2 }, /b]"),
            (Lines{"rules[0].weight 1 -> 2", "rules[1].path unset -> /b"}));
  EXPECT_EQ(changes("limits: { a: {}, b: { time: 2s } }", "limits: { b: { time: 3s } }"),
            (Lines{"limits[a] {} -> unset", "limits[b].time 2s -> 3s"}));
}

TEST_F(ReaderTest, PlacesAreThoseOfTheValues) {
  const Read out = read("t: x\ns: { r: abc }\n");
  EXPECT_EQ(out.section.place("s.r").column, 9U);
  EXPECT_EQ(out.section.written("s.r"), "abc");
  EXPECT_EQ(out.section.place("n").line, 1U);
}

}  // namespace
}  // namespace pelton::config
