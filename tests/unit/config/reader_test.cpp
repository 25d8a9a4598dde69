// SPDX-License-Identifier: Apache-2.0
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
    Read out{read_section(tree_, spec(), "thing x", context), {}};
    for (const Diagnostic& d : problems.sorted()) out.codes.push_back(d.code);
    messages_ = problems.sorted();
    return out;
  }
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

TEST_F(ReaderTest, PlacesAreThoseOfTheValues) {
  const Read out = read("t: x\ns: { r: abc }\n");
  EXPECT_EQ(out.section.place("s.r").column, 9U);
  EXPECT_EQ(out.section.written("s.r"), "abc");
  EXPECT_EQ(out.section.place("n").line, 1U);
}

}  // namespace
}  // namespace pelton::config
